import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventIds, isEventId } from '../../src/telemetry/event-ids.ts';

const NOW = Date.UTC(2026, 0, 1);

function isRising(ids: readonly string[]): boolean {
  return ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''));
}

describe('event ids', () => {
  it('sort by time, and are unique within a millisecond', () => {
    const ids = createEventIds();
    const given = [ids.next(NOW), ids.next(NOW), ids.next(NOW + 1), ids.next(NOW + 1.7), ids.next(NOW + 5000)];
    assert.ok(isRising(given), given.join(' '));
    assert.equal(given[0], '1767225600000-0000');
    assert.equal(given[1], '1767225600000-0001');
    assert.ok(given.every(isEventId));
  });

  it('go on rising where the clock steps back, and behind ten thousand in one millisecond', () => {
    const ids = createEventIds();
    const given = [ids.next(NOW)];
    for (let i = 0; i < 25_000; i++) given.push(ids.next(NOW - 3_600_000));
    assert.ok(isRising(given));
    assert.ok(given.every(isEventId));
    assert.ok((given.at(-1) ?? '') < ids.next(NOW + 10));
  });

  it('go on above what an earlier run gave, once it is known', () => {
    const ids = createEventIds();
    const before = ids.next(NOW);
    const stored = '1767229200000-0042';
    ids.raise(stored);
    const after = ids.next(NOW + 1);
    assert.ok(before < stored && stored < after, after);
    ids.raise('1767225600000-0000');
    ids.raise('nonsense');
    assert.ok(ids.next(NOW + 2) > after);
  });

  it('tell their own from others', () => {
    for (const id of ['', '1', '1767225600000', '1767225600000-1', 'x767225600000-0001', '1767225600000-0001 ']) {
      assert.equal(isEventId(id), false, id);
    }
  });
});
