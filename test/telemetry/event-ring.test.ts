import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventQuery, StoredEvent } from '../../src/contract/history.ts';
import { EventRing, mergeEvents } from '../../src/telemetry/event-ring.ts';

const START = Date.UTC(2026, 0, 1);
const ALL: EventQuery = { afterId: null, from: null, to: null, types: null, limit: 100 };

function event(n: number): StoredEvent {
  return {
    id: `${START + n * 1000}-0000`,
    at: new Date(START + n * 1000).toISOString(),
    type: n % 2 === 0 ? 'start' : 'crash',
    severity: 'info',
    subject: 'a',
    text: `event ${n}`,
    details: {},
  };
}

function ringOf(count: number, limit = 100): EventRing {
  const ring = new EventRing(limit);
  for (let n = 0; n < count; n++) ring.add(event(n));
  return ring;
}

const numbers = (events: readonly StoredEvent[]): string => events.map(({ text }) => text.slice(6)).join(' ');

describe('the ring of events', () => {
  it('selects by id, time, type and number', () => {
    const ring = ringOf(10);
    assert.equal(numbers(ring.select(ALL)), '0 1 2 3 4 5 6 7 8 9');
    assert.equal(numbers(ring.select({ ...ALL, afterId: event(6).id })), '7 8 9');
    assert.equal(numbers(ring.select({ ...ALL, from: START + 3000, to: START + 6000 })), '3 4 5');
    assert.equal(numbers(ring.select({ ...ALL, types: ['crash'] })), '1 3 5 7 9');
    assert.equal(numbers(ring.select({ ...ALL, limit: 2 })), '8 9');
    assert.equal(numbers(ring.select({ ...ALL, limit: 0 })), '');
  });

  it('forgets the oldest, and knows what it cannot know', () => {
    const ring = ringOf(1000, 100);
    const kept = ring.select({ ...ALL, limit: 1000 });
    assert.ok(kept.length >= 100 && kept.length <= 125, `${kept.length}`);
    assert.equal(kept.at(-1)?.text, 'event 999');
    assert.equal(ring.covers({ ...ALL, afterId: event(950).id, limit: 1000 }, 49), true);
    assert.equal(ring.covers({ ...ALL, afterId: event(3).id, limit: 1000 }, 125), false);
    assert.equal(ring.covers({ ...ALL, from: START + 950_000, limit: 1000 }, 50), true);
    assert.equal(ring.covers({ ...ALL, from: START, limit: 1000 }, 125), false);
    assert.equal(ring.covers({ ...ALL, limit: 20 }, 20), true);
    assert.equal(new EventRing(5).covers({ ...ALL, from: START }, 0), false);
  });

  it('merges with the disk: each event once, in order', () => {
    const older = [event(1), event(2), event(3)];
    const newer = [event(3), event(4), event(2)];
    assert.equal(numbers(mergeEvents(older, newer, 100)), '1 2 3 4');
    assert.equal(numbers(mergeEvents(older, newer, 2)), '3 4');
    assert.equal(numbers(mergeEvents([], [], 2)), '');
  });
});
