import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEvents, type EventMap } from '../../src/telemetry/events.ts';

const restart: EventMap['worker.restart'] = { name: 'detector', reason: 'exit', delayMs: 0, attempt: 1, at: 5 };

describe('events', () => {
  it('tell every listener of that name and no other', () => {
    const events = createEvents();
    const seen: unknown[] = [];
    events.on('worker.restart', (event) => seen.push(event));
    events.on('worker.exit', (event) => seen.push(event));
    events.emit('worker.restart', restart);
    assert.deepEqual(seen, [restart]);
  });

  it('stop after off, and off removes one listener only', () => {
    const events = createEvents();
    let count = 0;
    const listener = () => void count++;
    const off = events.on('worker.restart', listener);
    events.on('worker.restart', listener);
    off();
    off();
    events.emit('worker.restart', restart);
    assert.equal(count, 1);
  });

  it('survive a listener that throws, and a reporter that throws', () => {
    const reported: unknown[] = [];
    const events = createEvents((error, name) => {
      reported.push([error, name]);
      throw new Error('reporter');
    });
    const broken = new Error('listener');
    let reached = false;
    events.on('worker.restart', () => {
      throw broken;
    });
    events.on('worker.restart', () => {
      reached = true;
    });
    events.emit('worker.restart', restart);
    assert.ok(reached);
    assert.deepEqual(reported, [[broken, 'worker.restart']]);
  });

  it('may be left while they are told', () => {
    const events = createEvents();
    const seen: string[] = [];
    const off = events.on('worker.restart', () => {
      seen.push('first');
      off();
    });
    events.on('worker.restart', () => seen.push('second'));
    events.emit('worker.restart', restart);
    events.emit('worker.restart', restart);
    assert.deepEqual(seen, ['first', 'second', 'second']);
  });
});
