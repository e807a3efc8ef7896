/** Both versions do not fit into the memory: the old one goes first, and requests wait for the new one. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Swap } from '../../src/contract/rollout.ts';
import { underLoad } from './support/load.ts';
import { modelWorkers } from './support/proc.ts';
import { skip } from './support/shared.ts';
import { BUNDLED } from './support/swap-parts.ts';
import { askAs, people, type PersonAnswer } from './support/swap-people.ts';
import { type SwapServer, startSwapServer } from './support/swap-server.ts';

const CLIENTS = 4;
const PERSONS = people(20);
/** Room for one detector, which asks for 105 MB, and not for two. */
const BUDGET = 'cpu=150';
const WISH = { auto_rollback: false, allow_gap: true } as const;

describe('a swap for which there is no room beside the old version', { skip }, () => {
  let server: SwapServer;
  before(async () => {
    const off = { enabled: false };
    server = await startSwapServer({ memory: { budgets: [BUDGET] }, models: { recognizer: off, liveness: off } });
  });
  after(() => server.stop());

  const ask = (n: number): Promise<PersonAnswer> => askAs(server, PERSONS[n % PERSONS.length] ?? '');

  /** Swaps under load. Whoever asks when it is over has to be answered. */
  async function swapped(version: string): Promise<{ readonly swap: Swap; readonly answers: readonly PersonAnswer[] }> {
    const { result, outcomes } = await underLoad(CLIENTS, ask, async () => {
      for (let i = 0; i < CLIENTS; i++) await ask(i);
      const answer = await server.admin.swap('detector', { version, ...WISH });
      assert.ok(answer.ok);
      const over = performance.now();
      for (let i = 0; i < CLIENTS; i++) await ask(i);
      return { swap: answer.value, over };
    });
    const answers = outcomes.map((outcome) => {
      assert.ok('answer' in outcome, 'a request broke');
      return outcome.answer;
    });
    for (const { sent, status } of answers) assert.ok(status === 200 || sent < result.over, 'refused after the swap');
    assert.equal(modelWorkers(server.pid).length, 1);
    return { swap: result.swap, answers };
  }

  it('is refused where no gap is allowed', async () => {
    const { version } = await server.factory.sound('detector', 'plain', false);
    const answer = await server.admin.swap('detector', { version });
    assert.ok(!answer.ok);
    assert.equal(answer.refusal.code, 'memory_exhausted');
    assert.match(answer.refusal.detail, /allow_gap/);
    assert.equal((await ask(0)).models['detector']?.version, BUNDLED.detector);
  });

  it('ends the old version first; nobody is refused, and the gap is told', async (t) => {
    const { version } = await server.factory.sound('detector', 'plain', true);
    const { swap, answers } = await swapped(version);
    assert.equal(swap.state, 'done', swap.reason);
    assert.ok(swap.gap_ms !== null && swap.gap_ms > 0);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    t.diagnostic(`a gap of ${swap.gap_ms.toFixed(0)} ms`);
    const said = new Set(answers.map(({ models }) => models['detector']?.version));
    assert.deepEqual(said, new Set([BUNDLED.detector, version]));
  });

  it('loads the old version again where the new one is broken; only who waited for that one is refused', async (t) => {
    const { stable } = await server.admin.versions('detector');
    const { version } = await server.factory.broken('detector', 'wrong golden');
    const { swap, answers } = await swapped(version);
    assert.equal(swap.state, 'failed');
    const refused = answers.filter(({ status }) => status !== 200);
    t.diagnostic(`${refused.length} of ${answers.length} refused: ${swap.reason}`);
    for (const { status } of refused) assert.equal(status, 502);
    // Each client waits with one request.
    assert.ok(refused.length <= CLIENTS);
    const said = answers.flatMap(({ models }) => models['detector']?.version ?? []);
    assert.deepEqual(new Set(said), new Set([stable]));
    const { canary, ...now } = await server.admin.versions('detector');
    assert.deepEqual([now.stable, canary, now.swap], [stable, null, null]);
  });
});
