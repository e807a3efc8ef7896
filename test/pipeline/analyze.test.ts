import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { analyze } from '../../src/pipeline/analyze.ts';
import type { PipelineDeps } from '../../src/pipeline/deps.ts';
import { needsOf } from '../../src/pipeline/needs.ts';
import { Timings } from '../../src/pipeline/timings.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { fakePipeline } from '../fixtures/pipeline.ts';

const ALL = needsOf(new Set(['quality', 'embedding', 'liveness', 'crop'] as const));
const NOTHING = needsOf(new Set());
const request = (needs = ALL, signal = new AbortController().signal) => ({
  bytes: Uint8Array.of(1),
  requestId: 'request-7',
  options: {},
  signal,
  needs,
});

/** `deps` whose models do as `infer` says where it says something. */
function intercept(
  deps: PipelineDeps,
  infer: (model: string, job: InferJob) => Promise<never> | undefined,
): PipelineDeps {
  return {
    ...deps,
    model: (name) => {
      const model = deps.model(name);
      if (model === undefined) return undefined;
      return { ...model, router: { infer: (job) => infer(name, job) ?? model.router.infer(job) } };
    },
  };
}

test('only what is needed runs, and only that is told', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [{ size: 100 }] } });
  const bare = await analyze(deps, request(NOTHING), new Timings(deps.clock));
  assert.deepEqual(Object.keys(bare.models), ['detector']);
  assert.deepEqual([bare.recognizer, bare.liveness], [null, null]);
  assert.deepEqual(Object.keys(bare.faces[0] ?? {}).sort(), ['box', 'landmarks', 'score']);
  log.infers.length = 0;
  const all = await analyze(deps, request(), new Timings(deps.clock));
  assert.deepEqual(Object.keys(all.models), ['detector', 'recognizer', 'liveness']);
  assert.deepEqual(
    log.infers.map((i) => i.model),
    ['detector', 'recognizer', 'liveness'],
  );
  assert.ok(all.faces[0]?.jpeg);
});

test('a picture without a face asks no other model, but tells which ones would have', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [] } });
  const found = await analyze(deps, request(), new Timings(deps.clock));
  assert.deepEqual(found.faces, []);
  assert.equal(log.infers.length, 1);
  assert.deepEqual(Object.keys(found.models), ['detector', 'recognizer', 'liveness']);
});

test('one batch that fails ends all others of the picture, and closes the frame', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [{ size: 100 }, { size: 90 }, { size: 80 }] }, maxBatch: 1 });
  const poison = new FacepoolError('poison_input', 'this picture ended recognizer 2 times');
  const left: AbortSignal[] = [];
  let asked = 0;
  const failing = intercept(deps, (model, job) => {
    if (model === 'detector') return undefined;
    if (model === 'recognizer' && ++asked === 2) return Promise.reject(poison);
    left.push(job.signal);
    return new Promise<never>((_resolve, reject) => {
      job.signal.addEventListener('abort', () => reject(job.signal.reason), { once: true });
    });
  });
  await assert.rejects(analyze(failing, request(), new Timings(deps.clock)), (error) => error === poison);
  assert.equal(left.length, 5, 'two of the recognizer, three of liveness');
  assert.ok(
    left.every((signal) => signal.aborted),
    'nobody works for a picture that has its answer',
  );
  assert.equal(log.closed, log.opened);
});

test('what succeeded aborts nothing', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [{ size: 100 }] } });
  await analyze(deps, request(), new Timings(deps.clock));
  assert.ok(log.infers.every(({ job }) => !job.signal.aborted));
});

test('the caller’s signal reaches every step', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [{ size: 100 }] } });
  const abort = new AbortController();
  await analyze(deps, request(ALL, abort.signal), new Timings(deps.clock));
  abort.abort(new Error('gone'));
  assert.equal(log.infers.length, 3);
  assert.ok(log.infers.every(({ job }) => job.signal.aborted));
});

test('everything that is asked of imaging and of models carries the request’s id', async () => {
  const { deps, log } = fakePipeline({ script: { 1: [{ size: 100 }] } });
  const ids: (string | undefined)[] = [];
  const open: PipelineDeps['imaging']['open'] = (opening) => {
    ids.push(opening.requestId);
    return deps.imaging.open(opening);
  };
  await analyze({ ...deps, imaging: { open } }, request(), new Timings(deps.clock));
  assert.deepEqual(ids, ['request-7']);
  assert.deepEqual(
    log.infers.map(({ model, job }) => [model, job.requestId]).sort(([a = ''], [b = '']) => a.localeCompare(b)),
    ['detector', 'liveness', 'recognizer'].map((model) => [model, 'request-7']),
  );
});
