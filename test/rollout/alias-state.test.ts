import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { aliasStateSchema } from '../../src/contract/rollout.ts';
import { initialState, KEPT_CHANGES, moveAliases, type Move, reconfigured } from '../../src/rollout/alias-state.ts';
import { generator } from '../fixtures/random.ts';

const author = { at: new Date(Date.UTC(2026, 0, 1)), by: 'anna', why: 'because' };
const start = initialState('v1', author);
const after = (...moves: Move[]) => moves.reduce((state, move) => moveAliases(state, move, author), start);
const conflict = (e: unknown): boolean => e instanceof FacepoolError && e.code === 'conflict';
const canary = (version: string, percent = 10): Move => ({ action: 'canary', version, percent });

describe('moves', () => {
  it('promotes, and remembers what was', () => {
    const state = after({ action: 'promote', version: 'v2' });
    assert.deepEqual([state.stable, state.previous, state.generation], ['v2', 'v1', 1]);
    const last = state.history.at(-1);
    assert.deepEqual([last?.action, last?.by, last?.why, last?.stable], ['promote', 'anna', 'because', 'v2']);
  });

  it('a rollback goes back, and forth again', () => {
    const back = after({ action: 'promote', version: 'v2' }, { action: 'rollback' });
    assert.deepEqual([back.stable, back.previous], ['v1', 'v2']);
    assert.equal(moveAliases(back, { action: 'rollback' }, author).stable, 'v2');
  });

  it('a rollback of a canary leaves the stable version alone', () => {
    const state = after({ action: 'promote', version: 'v2' }, canary('v3'), { action: 'rollback' });
    assert.deepEqual([state.stable, state.canary, state.previous], ['v2', null, 'v1']);
  });

  it('a promoted canary is no canary any more', () => {
    const state = after(canary('v2'), { action: 'promote', version: 'v2' });
    assert.deepEqual([state.stable, state.canary], ['v2', null]);
  });

  it('forgets the version before', () => {
    const state = after({ action: 'promote', version: 'v2' }, { action: 'forget', version: 'v1' });
    assert.deepEqual([state.stable, state.previous, state.generation], ['v2', null, 2]);
    assert.equal(state.history.at(-1)?.action, 'forget');
  });

  it('a canary may become a shadow, and is none any more', () => {
    const state = after(canary('v2'), { action: 'shadow', version: 'v2', percent: 5 });
    assert.deepEqual([state.canary, state.shadow], [null, { version: 'v2', percent: 5 }]);
  });

  it('changes the share of a canary; a shadow may become a canary', () => {
    assert.equal(after(canary('v2', 10), canary('v2', 50)).canary?.percent, 50);
    const state = after({ action: 'shadow', version: 'v2', percent: 5 }, canary('v2', 1));
    assert.deepEqual([state.shadow, state.canary?.version], [null, 'v2']);
  });

  const refused: Readonly<Record<string, readonly Move[]>> = {
    'promoting what is stable': [{ action: 'promote', version: 'v1' }],
    'a canary of what is stable': [canary('v1')],
    'a shadow beside a canary of another version': [canary('v2'), { action: 'shadow', version: 'v3', percent: 1 }],
    'forgetting what is not the version before': [{ action: 'forget', version: 'v2' }],
    'going back with nothing before': [{ action: 'rollback' }],
  };
  for (const [what, moves] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assert.throws(() => after(...moves), conflict));
  }

  it('of two that saw the same generation, one wins', () => {
    const first = moveAliases(start, canary('v2'), author, 0);
    assert.equal(first.generation, 1);
    assert.throws(() => moveAliases(first, canary('v3'), author, 0), conflict);
  });

  it('keeps so many changes, the newest', () => {
    let state = start;
    for (let i = 0; i < KEPT_CHANGES + 50; i++) state = moveAliases(state, canary('v2', 1 + (i % 90)), author);
    assert.equal(state.history.length, KEPT_CHANGES);
    assert.equal(state.history.at(-1)?.generation, state.generation);
  });
});

it('other settings are a later word', () => {
  const state = reconfigured(after({ action: 'promote', version: 'v2' }, canary('v3')), 'v4', author);
  assert.deepEqual([state.stable, state.previous, state.canary, state.configured], ['v4', 'v2', null, 'v4']);
  assert.equal(reconfigured(after({ action: 'promote', version: 'v2' }), 'v2', author).previous, 'v1');
});

it('whatever is done, the state is sound: 20,000 random moves', () => {
  const random = generator(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  let state = start;
  for (let i = 0; i < 20_000; i++) {
    const version = pick(['v1', 'v2', 'v3']);
    const move = pick<Move>([
      { action: 'promote', version },
      { action: 'shadow', version, percent: 5 },
      canary(version),
      { action: 'clear' },
      { action: 'rollback' },
      { action: 'forget', version },
    ]);
    try {
      const next = moveAliases(state, move, author);
      assert.equal(next.generation, state.generation + 1);
      state = next;
    } catch (error) {
      assert.ok(conflict(error));
    }
    assert.notEqual(state.canary?.version, state.stable);
    assert.notEqual(state.shadow?.version, state.stable);
    assert.notEqual(state.previous, state.stable);
    assert.ok(state.canary === null || state.shadow === null);
  }
  assert.ok(aliasStateSchema.safeParse(state).success);
});
