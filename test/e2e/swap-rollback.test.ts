/** Versions that pass every probe and are worse all the same go back by themselves; those that are not do not. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isChosen } from '../../src/rollout/split.ts';
import { underLoad } from './support/load.ts';
import { skip } from './support/shared.ts';
import type { SwapWish } from './support/swap-admin.ts';
import { BUNDLED } from './support/swap-parts.ts';
import { askAs, people, type PersonAnswer } from './support/swap-people.ts';
import { type SwapServer, startSwapServer } from './support/swap-server.ts';
import { MODEL_OF, type Worse } from './support/swap-worse.ts';
import { until } from './support/until.ts';

const CLIENTS = 4;
const PERSONS = people(60);
const PERCENT = 50;
const VERDICT_MS = 40_000;
/** Outcomes before there is a verdict. */
const RUNS = 25;

describe('a version that is worse than it looked', { skip }, () => {
  let server: SwapServer;
  before(async () => {
    server = await startSwapServer({ rollout: { window_ms: 20_000, min_requests: RUNS, min_compared: RUNS } });
  });
  after(() => server.stop());

  /** Swaps under load and waits until the aliases are as they were; all answers, and when that was. */
  async function untilBack(
    how: Worse,
    wish: Omit<SwapWish, 'version'>,
  ): Promise<{
    readonly answers: readonly PersonAnswer[];
    readonly back: number;
    readonly version: string;
    readonly reason: string;
  }> {
    const model = MODEL_OF[how];
    const { version } = await server.factory.worse(how);
    const ask = (n: number): Promise<PersonAnswer> => {
      const person = PERSONS[n % PERSONS.length] ?? '';
      if (model === 'detector') return askAs(server, person);
      return askAs(server, person, '/v1/recognize?fields=embedding', 'stock-emotions-a-1');
    };
    const { result, outcomes } = await underLoad(CLIENTS, ask, async () => {
      // The stable version has to be known before another one can be judged by it.
      const usual = await server.admin.versions(model);
      await until('the stable version is known', VERDICT_MS, async () => {
        const { versions, stable } = await server.admin.versions(model);
        return (versions.find((one) => one.version === stable)?.live?.requests ?? 0) > RUNS;
      });
      const begun = await server.admin.swap(model, { version, auto_rollback: true, ...wish });
      assert.ok(begun.ok && begun.value.state !== 'failed', 'it passes every probe');
      const reason = await until('it goes back by itself', VERDICT_MS, async () => {
        const { stable, canary, shadow, swap, history } = await server.admin.versions(model);
        const isBack = stable === usual.stable && canary === null && shadow === null && swap === null;
        return isBack && history[0]?.why;
      });
      return { back: performance.now(), reason };
    });
    const answers = outcomes.map((outcome) => {
      assert.ok('answer' in outcome, 'a request broke');
      return outcome.answer;
    });
    for (const { sent, status, models } of answers.filter((answer) => answer.sent > result.back)) {
      assert.equal(status, 200, `sent ${sent - result.back} ms after it went back`);
      assert.notEqual(models[model]?.version, version);
    }
    return { answers, version, ...result };
  }

  it('fails: a canary goes back, and failed nobody but its share', async () => {
    const { answers, reason, version } = await untilBack('fails', { strategy: 'canary', percent: PERCENT });
    assert.match(reason, /% of its \d+ requests failed/);
    const failed = answers.filter(({ status }) => status !== 200);
    assert.ok(failed.length >= RUNS / 2, `${failed.length} failed`);
    for (const { person, status } of failed) {
      assert.equal(status, 502);
      assert.ok(isChosen('detector', person, PERCENT), `${person} is not of its share`);
    }
    assert.ok(!answers.some(({ models }) => models['detector']?.version === version), 'it never could answer');
  });

  it('fails: what became stable goes back to what was', async () => {
    const { answers, reason } = await untilBack('fails', { strategy: 'immediate' });
    assert.match(reason, /% of its \d+ requests failed/);
    assert.ok(answers.some(({ status }) => status === 502));
    const { previous, stable } = await server.admin.versions('detector');
    assert.equal(stable, BUNDLED.detector);
    assert.notEqual(previous, null);
  });

  it('is slow: a canary goes back, and answered everybody', async () => {
    const { answers, reason, version } = await untilBack('slow', { strategy: 'canary', percent: PERCENT });
    assert.match(reason, /its p99 is [\d.]+ times the old version’s/);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.ok(
      answers.some(({ models }) => models['detector']?.version === version),
      'it answered its share',
    );
  });

  it('differs: a shadow goes back, and answered nobody', async () => {
    const { answers, reason, version } = await untilBack('differs', { strategy: 'shadow', percent: 99.9 });
    assert.match(reason, /% of \d+ compared answers differ/);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.ok(!answers.some(({ models }) => models['recognizer']?.version === version));
  });
});
