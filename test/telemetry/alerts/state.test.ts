import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AlertState, NO_DATA_MS, nextState } from '../../../src/telemetry/alerts/state.ts';
import { rule } from './support.ts';

const GAP_MS = 3000;

/** One value per second from second 0 on, or `[second, value]`; the state after each. */
function run(values: readonly (number | null | readonly [number, number | null])[], over = {}): AlertState[] {
  let state: AlertState | undefined;
  return values.map((entry, i) => {
    const [second, value] = typeof entry === 'number' || entry === null ? [i, entry] : entry;
    state = nextState(rule(over), state, value, second * 1000, GAP_MS);
    return state;
  });
}

const states = (...args: Parameters<typeof run>): string[] => run(...args).map(({ state }) => state);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

it('fires after ten seconds above the bound, not before, and says since when', () => {
  const seen = run(times(12, 96));
  assert.deepEqual(
    seen.map(({ state }) => state),
    [...times(10, 'pending'), 'firing', 'firing'],
  );
  assert.deepEqual(
    seen.slice(9).map(({ since }) => since),
    [0, 10_000, 10_000],
  );
});

it('begins again after one second that is not above', () => {
  assert.deepEqual(states([...times(10, 96), 95, ...times(11, 96)]), [
    ...times(10, 'pending'),
    'inactive',
    ...times(10, 'pending'),
    'firing',
  ]);
});

it('ends below the lower bound alone, and the wait begins again', () => {
  const fired = times(11, 96);
  assert.deepEqual(states([...fired, 95, 91, 90, 89.9, 96]).slice(11), [
    'firing',
    'firing',
    'firing',
    'inactive',
    'pending',
  ]);
});

it('bounds that are the same have nothing between them', () => {
  const same = { above: 0, clear_below: 0, for_ms: 0 };
  assert.deepEqual(states([0, 0.1, 0], same), ['inactive', 'firing', 'inactive']);
});

it('fires at the first sample above with for_ms 0', () => {
  assert.deepEqual(states([96], { for_ms: 0 }), ['firing']);
});

it('samples that are too far apart are not consecutive', () => {
  const gap = (seconds: number): string[] =>
    states([...times(9, 96), [8 + seconds, 96], [10 + seconds, 96]] as Parameters<typeof run>[0]);
  assert.deepEqual(gap(3).slice(-2), ['firing', 'firing']);
  assert.deepEqual(gap(3.001).slice(-2), ['pending', 'pending']);
});

it('a clock that goes back begins the wait again', () => {
  const seen = run([...times(10, 96), [5, 96], [9, 96]] as Parameters<typeof run>[0]);
  assert.deepEqual(
    seen.slice(-2).map(({ state, since }) => [state, since]),
    [
      ['pending', 5000],
      ['pending', 9000],
    ],
  );
});

it('one missing value neither fires nor ends anything', () => {
  assert.deepEqual(states([...times(9, 96), null, 96]).slice(-2), ['pending', 'firing']);
  const [last] = run([...times(11, 96), null]).slice(-1);
  assert.deepEqual([last?.state, last?.value], ['firing', 96]);
});

it('after a minute without data an alert is none any more, whatever it was', () => {
  const end = 10 + NO_DATA_MS / 1000;
  for (const value of [96, 1]) {
    const seen = run([...times(11, value), [end - 1, null], [end, null], [end + 5, null]] as Parameters<typeof run>[0]);
    assert.deepEqual(
      seen.slice(-2).map(({ state, since }) => [state, since]),
      times(2, ['no_data', end * 1000]),
    );
    assert.equal(seen.at(-3)?.state, value === 96 ? 'firing' : 'inactive');
  }
});

it('a clock that is set back does not keep an alert without data alive', () => {
  const seen = run([...times(11, 96), [-3600, null], [-3540, null]] as Parameters<typeof run>[0]);
  assert.deepEqual(
    seen.slice(-2).map(({ state }) => state),
    ['firing', 'no_data'],
  );
});

it('what was never known is no data since the first look', () => {
  assert.deepEqual(run([null, null]), times(2, { state: 'no_data', since: 0, value: null, seenAt: null }));
  assert.deepEqual(states([null, 96, 1]), ['no_data', 'pending', 'inactive']);
});
