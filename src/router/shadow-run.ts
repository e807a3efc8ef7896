/**
 * A copy of a run for another version of the model. It begins when the answer is out and reads the same tensors where they
 * lie in shared memory, so it costs a request nothing but the machine's time; it is left out where the version is busy.
 */
import { isDeepStrictEqual } from 'node:util';
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { InferOutput, InferPart, InferResult } from '../contract/protocol.ts';
import type { Answered } from './dispatcher.ts';
import type { InferJob, Shared } from './model-router.ts';
import type { Shadow } from './traffic.ts';

export type ShadowTarget = {
  /** With the graphs that its process has; null where it cannot be read. */
  readonly manifest: Pick<Manifest, 'graphs'> | null;
  /** It has nothing to do, and is ready. */
  readonly isIdle: () => boolean;
  readonly infer: (job: InferJob) => Promise<Answered<InferResult>>;
};

/** Longest life of a copy. */
const COPY_MS = 10_000;

/** Copies the job; nobody waits for it, and nothing of it is anybody's fault. */
export function runShadow(
  shadow: Shadow,
  serving: Manifest,
  target: ShadowTarget,
  job: InferJob,
  stable: InferOutput,
): void {
  const parts = target.manifest === null ? null : sameInputs(serving, target.manifest, job.parts);
  if (parts === null || !target.isIdle() || job.shared === null || job.shared === undefined) {
    shadow.dropped();
    return;
  }
  const release = hold(job.shared);
  if (release === null) {
    shadow.dropped();
    return;
  }
  const copy: InferJob = {
    ...job,
    parts,
    feed: () => Promise.reject(new Error('the tensors of a copy are not sent')),
    signal: AbortSignal.timeout(COPY_MS),
    charges: { count: 0 },
    requestId: undefined,
  };
  target
    .infer(copy)
    .then(
      ({ value }) => shadow.compared(stable, value.output, value.computeMs),
      // Only what the version itself did wrong is a difference.
      (error: unknown) => (isModelsFault(error) ? shadow.compared(stable, null, null) : shadow.dropped()),
    )
    .finally(release)
    // Whatever is wrong with a copy, nobody asked for it.
    .catch(() => {});
}

/** The frame stays while the copy is made, though its request ends; null where it has gone already. */
function hold(shared: Shared): (() => void) | null {
  try {
    return shared.hold();
  } catch {
    return null;
  }
}

function isModelsFault(error: unknown): boolean {
  return error instanceof FacepoolError && error.code === 'model_failed';
}

/** The parts as the other version names its graphs; null where its inputs are others. */
export function sameInputs(
  serving: Manifest,
  other: Pick<Manifest, 'graphs'>,
  parts: readonly InferPart[],
): InferPart[] | null {
  const renamed = parts.map((part) => {
    const graph = serving.graphs.find(({ id }) => id === part.graph);
    const twin = other.graphs.find(({ use, crop }) => use === graph?.use && isDeepStrictEqual(crop, graph.crop));
    return twin === undefined ? null : { ...part, graph: twin.id };
  });
  return renamed.some((part) => part === null) ? null : renamed.filter((part) => part !== null);
}
