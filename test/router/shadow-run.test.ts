/** Copies of runs: from the same memory, when there is nothing else to do, and nobody's fault. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { InferOutput, InferResult } from '../../src/contract/protocol.ts';
import type { Answered } from '../../src/router/dispatcher.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { runShadow, sameInputs, type ShadowTarget } from '../../src/router/shadow-run.ts';
import { settle } from '../fixtures/fake-process.ts';
import { detectorManifest, recognizerManifest } from '../fixtures/manifests.ts';

const manifest = detectorManifest();
const graph = manifest.graphs[0]?.id ?? '';
const STABLE: InferOutput = { role: 'detector', faces: [] };
const ANSWER: Answered<InferResult> = { value: { output: STABLE, computeMs: 7, waitMs: 0 }, queueMs: 0 };

function copy(
  given: { readonly target?: Partial<ShadowTarget>; readonly shared?: boolean; readonly gone?: boolean } = {},
) {
  const told: string[] = [];
  const held = { count: 0 };
  const jobs: InferJob[] = [];
  const shared = {
    tensors: [],
    hold: () => {
      if (given.gone === true) throw new Error('the picture is closed');
      held.count += 1;
      return () => void (held.count -= 1);
    },
  };
  const job: InferJob = {
    parts: [{ graph, shape: [1, 32, 32, 3], count: 1 }],
    shared: given.shared === false ? null : shared,
    feed: () => Promise.reject(new Error('never asked')),
    signal: AbortSignal.abort(new Error('the request is over')),
    charges: { count: 5 },
    requestId: 'r1',
  };
  const target: ShadowTarget = {
    manifest: { ...manifest, graphs: manifest.graphs.map((one) => ({ ...one, id: 'renamed' })) },
    isIdle: () => true,
    infer: async (asked) => {
      jobs.push(asked);
      return ANSWER;
    },
    ...given.target,
  };
  const shadow = {
    entry: 'detector@v2',
    compared: (stable: InferOutput, other: InferOutput | null, ms: number | null) =>
      void told.push(`compared ${stable.role} ${other?.role ?? 'nothing'} ${ms}`),
    dropped: () => void told.push('dropped'),
  };
  runShadow(shadow, manifest, target, job, STABLE);
  return { told, held, jobs, job };
}

describe('a copy', () => {
  it('reads the same tensors by the other version’s names, with a life and a blame of its own', async () => {
    const { told, held, jobs, job } = copy();
    assert.equal(held.count, 1, 'the picture stays');
    await settle();
    assert.deepEqual([told, held.count], [['compared detector detector 7'], 0]);
    const [asked] = jobs;
    assert.equal(asked?.parts[0]?.graph, 'renamed');
    assert.equal(asked.signal.aborted, false, 'the request’s end is not its end');
    assert.notEqual(asked.charges, job.charges);
    assert.equal(asked.requestId, undefined);
  });

  it('is left out where the version is busy, the tensors lie elsewhere, or its inputs are others', async () => {
    const other = { ...manifest, graphs: recognizerManifest().graphs };
    for (const given of [{ target: { isIdle: () => false } }, { shared: false }, { target: { manifest: other } }]) {
      const { told, jobs } = copy(given);
      await settle();
      assert.deepEqual([told, jobs.length], [['dropped'], 0]);
    }
  });

  it('is left out where the picture has gone, and costs the answer nothing', async () => {
    const { told, jobs } = copy({ gone: true });
    await settle();
    assert.deepEqual([told, jobs.length], [['dropped'], 0]);
  });

  it('that fails by the version’s fault is a difference; by ours it was never made', async () => {
    const failing = (error: Error) => copy({ target: { infer: () => Promise.reject(error) } });
    const broken = failing(new FacepoolError('model_failed', 'no'));
    const late = failing(new FacepoolError('deadline_exceeded', 'late'));
    await settle();
    assert.deepEqual([broken.told, late.told], [['compared detector nothing null'], ['dropped']]);
    assert.deepEqual([broken.held.count, late.held.count], [0, 0]);
  });
});

it('inputs are the same where use and crop are', () => {
  const recognizer = recognizerManifest();
  const parts = recognizer.graphs.map(({ id }) => ({ graph: id, shape: [1, 112, 112, 3] as const, count: 1 }));
  assert.deepEqual(sameInputs(recognizer, recognizer, parts), parts);
  const larger = {
    ...recognizer,
    graphs: recognizer.graphs.map((one) => ({ ...one, crop: one.crop && { ...one.crop, size: 224 } })),
  };
  assert.equal(sameInputs(recognizer, larger, parts), null);
});
