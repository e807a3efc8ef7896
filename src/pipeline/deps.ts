/** What the steps of the pipeline work with. */
import { FacepoolError } from '../contract/errors.ts';
import type { DetectorManifest, LivenessManifest, ModelRole, RecognizerManifest } from '../contract/manifest.ts';
import type { Gallery } from '../contract/people.ts';
import type { Settings } from '../contract/settings.ts';
import type { ImagingClient } from '../router/imaging-client.ts';
import type { NamedRouter } from '../router/routers.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import type { KeyedLock } from '../util/keyed-lock.ts';
import type { PoisonMemory, Trial } from './poison-memory.ts';

/** A model as the router gives it. */
export type RoutedModel = NamedRouter;
export type RoutedRecognizer = RoutedModel & { readonly manifest: RecognizerManifest };

/**
 * The version of a recognizer that embeds in a space: for what the version that answers a request cannot do. It is kept
 * until `end`, which is called in every case. Rejects with `space_mismatch` where no version of that space may be used.
 */
export type EmbedIn = (
  model: string,
  space: string,
) => Promise<{ readonly model: RoutedRecognizer; readonly end: () => void }>;

export type PipelineDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly imaging: Pick<ImagingClient, 'open'>;
  readonly poison: PoisonMemory;
  /** Undefined where no such model is configured; throws `model_failed` where its manifest cannot be read. */
  readonly model: (name: string) => RoutedModel | undefined;
  readonly gallery: Gallery;
  readonly embedIn: EmbedIn;
  /** One enrolment at a time looks for others like it and is stored, per collection. */
  readonly enrolments: KeyedLock;
};

type ManifestOf = { detector: DetectorManifest; recognizer: RecognizerManifest; liveness: LivenessManifest };

/** The model by name, which must have the role; else `invalid_argument` naming the option. */
export function modelOf<R extends ModelRole>(
  deps: PipelineDeps,
  name: string,
  role: R,
): RoutedModel & { readonly manifest: ManifestOf[R] } {
  const model = deps.model(name);
  if (model === undefined) {
    throw new FacepoolError('invalid_argument', `there is no model "${name}"`, { param: role });
  }
  if (model.manifest.role !== role) {
    throw new FacepoolError('invalid_argument', `"${name}" is a ${model.manifest.role}, not a ${role}`, {
      param: role,
    });
  }
  return model as RoutedModel & { readonly manifest: ManifestOf[R] };
}

/** One version of a model, as the one that died of a picture. */
export function culpritOf(model: RoutedModel): string {
  return `${model.name}@${model.ref().version}`;
}

/** The model for one request: its deaths are charged to the picture on trial. */
export function onTrial<M extends RoutedModel>(model: M, trial: Trial, requestId: string): M {
  const charges = trial.of(culpritOf(model));
  return { ...model, router: { infer: (job) => model.router.infer({ ...job, charges, requestId }) } };
}
