import assert from 'node:assert/strict';
import test from 'node:test';
import { driver } from './support.ts';

test('nothing to wake for, then the turn of a request, its longest wait, the idle time', () => {
  const d = driver();
  assert.equal(d.scheduler.wakeAt(0), null);
  d.send({ type: 'request', id: 1, model: 'small' });
  assert.equal(d.scheduler.wakeAt(0), 2000, 'it is overdue then');
  d.later(2000);
  assert.equal(d.scheduler.wakeAt(d.now()), 10_000, 'it is refused then');
  d.ready('small');
  assert.equal(d.scheduler.wakeAt(d.now()), 2200, 'the moment of grace is over then');
  d.send({ type: 'done', id: 1 });
  d.later(10_000);
  assert.equal(d.scheduler.wakeAt(d.now()), 62_000, 'it has been idle long enough then');
});

test('a tenant that failed is asked again when its time has come', () => {
  const tenant = { name: 'llm', device: 'cpu', holdsBytes: 1, reacquire: true };
  const d = driver({ tenants: [tenant] });
  d.send({ type: 'tenant', tenant: 'llm', state: 'failed' });
  assert.equal(d.scheduler.wakeAt(0), 10_000);
});
