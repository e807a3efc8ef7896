import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { LINGER_MS, lingerUntilRead } from '../../src/http/linger.ts';

function fakeRequest(state: { complete: boolean; destroyed: boolean }) {
  const calls: string[] = [];
  const req = Object.assign(new EventEmitter(), {
    ...state,
    resume: () => calls.push('resume'),
    unpipe: () => calls.push('unpipe'),
    destroy: () => calls.push('destroy'),
  });
  return { req: req as unknown as IncomingMessage, calls };
}

describe('lingering', () => {
  it('reads the rest on and closes when it does not come in time', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: false, destroyed: false });
    lingerUntilRead(req);
    assert.deepEqual(calls, ['unpipe', 'resume']);
    t.mock.timers.tick(LINGER_MS - 1);
    assert.equal(calls.includes('destroy'), false);
    t.mock.timers.tick(1);
    assert.equal(calls.at(-1), 'destroy');
  });

  it('keeps the connection when the rest came', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: false, destroyed: false });
    lingerUntilRead(req);
    req.emit('end');
    t.mock.timers.tick(LINGER_MS);
    assert.equal(calls.includes('destroy'), false);
  });

  it('has nothing to wait for when all was read', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: true, destroyed: false });
    lingerUntilRead(req);
    t.mock.timers.tick(LINGER_MS);
    assert.deepEqual(calls, ['resume']);
  });
});
