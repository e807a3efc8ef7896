import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PlanAnswer, planSchema } from '../../../src/contract/results.ts';
import { PLAN } from '../../http/support/server.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

const MB = 2 ** 20;

describe('the sentence', () => {
  const llm = { tenant: 'llm', bytes: 4800 * MB };
  const [recognizer, liveness] = [
    { model: 'recognizer', bytes: 250 * MB },
    { model: 'liveness', bytes: 99 * MB },
  ];
  const table: [Partial<PlanAnswer>, string, number][] = [
    [{ verdict: 'loaded', evicts: [] }, 'detector is loaded already, or on its way.', 0],
    [{ verdict: 'now', evicts: [] }, 'detector fits on cpu: it can be loaded at once.', 0],
    [{ verdict: 'evict' }, 'To load detector, recognizer would be unloaded.', 0],
    [
      { verdict: 'evict', evicts: [recognizer, liveness] },
      'To load detector, recognizer and liveness would be unloaded.',
      0,
    ],
    [{ verdict: 'release', evicts: [], releases: [llm] }, 'To load detector, llm would be asked for memory.', 0],
    [
      { verdict: 'release', releases: [llm, { ...llm, tenant: 'tts' }, { ...llm, tenant: 'stt' }] },
      'To load detector, recognizer would be unloaded and llm, tts and stt would be asked for memory.',
      0,
    ],
    [{ verdict: 'wait', evicts: [] }, 'detector would have to wait: what it needs is in use, or on its way back.', 0],
    [
      { verdict: 'never', evicts: [] },
      'detector cannot be loaded: it needs more than cpu may give, even with nothing else there.',
      1,
    ],
    [{ verdict: 'down', evicts: [] }, 'detector cannot be loaded until a person helps; facepool status says why.', 1],
  ];
  for (const [given, sentence, exit] of table) {
    it(sentence, async (t) => {
      const { socketPath } = await fakeServer(t, { control: { plan: () => ({ ...PLAN, ...given }) } });
      const { code, out } = await run(['plan', 'detector', '--socket', socketPath]);
      assert.deepEqual([code, out.split('\n')[0]], [exit, sentence]);
    });
  }
});

it('the table has the figures, and who gives what back', async (t) => {
  const plan = () => ({ ...PLAN, limit_bytes: null, releases: [{ tenant: 'llm', bytes: 4800 * MB }] });
  const { socketPath } = await fakeServer(t, { control: { plan } });
  const { out } = await run(['plan', 'detector', '--socket', socketPath]);
  const lines = out.trimEnd().split('\n').slice(2);
  assert.deepEqual(
    lines.map((line) => line.replace(/ {2,}/, ' = ')),
    [
      'WHAT = MEMORY',
      'needed by detector = 300 MiB',
      'models of cpu may take = no limit',
      'reserved for loaded models = 900 MiB',
      'held by other programs = 4.9 GiB',
      'given back by recognizer (unloaded) = 250 MiB',
      'given back by llm (asked) = 4.7 GiB',
    ],
  );
});

it('--json is what the server said', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { code, out } = await run(['plan', 'detector', '--socket', socketPath, '--json']);
  assert.equal(code, 0);
  assert.deepEqual(planSchema.parse(jsonLines(out)[0]), PLAN);
});

it('a model that there is not is a refusal (4)', async (t) => {
  const { socketPath } = await fakeServer(t);
  assert.equal((await run(['plan', 'nobody', '--socket', socketPath])).code, 4);
});
