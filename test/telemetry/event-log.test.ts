import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { storedEventSchema } from '../../src/contract/history.ts';
import type { StoredEvent } from '../../src/contract/history.ts';
import { createEventLog } from '../../src/telemetry/event-log.ts';
import { createEvents } from '../../src/telemetry/events.ts';

const at = Date.UTC(2026, 0, 1);

describe('the event log', () => {
  it('turns what happens into stored events, in order, and ignores readings', () => {
    const events = createEvents();
    const log = createEventLog({ events });
    const seen: StoredEvent[] = [];
    log.onEvent((event) => seen.push(event));
    events.emit('server', { what: 'start', version: '0.1.0', detail: '', at });
    events.emit('memory.evict', { name: 'liveness', reason: 'idle', at });
    events.emit('gpu.event', { type: 'gpu_lost', index: 0, uuid: 'GPU-1', at: at + 1 });
    events.emit('worker.exit', { name: 'a', workerId: 1, code: 0, signal: null, reason: '', kind: 'asked', at });
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['server_start', 'evict', 'gpu_lost'],
    );
    for (const event of seen) assert.deepEqual(storedEventSchema.parse(event), event);
    assert.deepEqual(
      seen.map(({ id }) => id),
      ['1767225600000-0000', '1767225600000-0001', '1767225600001-0000'],
    );
    assert.equal(seen[0]?.at, '2026-01-01T00:00:00.000Z');
  });

  it('raises ids above those of an earlier run', () => {
    const events = createEvents();
    const log = createEventLog({ events });
    const ids: string[] = [];
    log.onEvent(({ id }) => ids.push(id));
    log.raise('1767229200000-0009');
    events.emit('memory.evict', { name: 'a', reason: 'idle', at });
    assert.deepEqual(ids, ['1767229200000-0010']);
  });

  it('stops for one listener, and for all', () => {
    const events = createEvents();
    const log = createEventLog({ events });
    const seen: string[] = [];
    const listener = (): void => void seen.push('x');
    const off = log.onEvent(listener);
    log.onEvent(listener);
    off();
    events.emit('memory.evict', { name: 'a', reason: 'idle', at });
    assert.equal(seen.length, 1);
    log.close();
    events.emit('memory.evict', { name: 'a', reason: 'idle', at });
    assert.equal(seen.length, 1);
  });
});
