/** Which version of a model serves whom. Implemented by src/rollout; without it every model has one version. */
import type { InferOutput } from '../contract/protocol.ts';

export type Choice = {
  /** Name of the entry: the supervisor's name for one version of a model. */
  readonly entry: string;
  readonly alias: 'stable' | 'canary';
};

/** A copy of a run for another version: nobody waits for its answer. */
export type Shadow = {
  readonly entry: string;
  /** The two answers to the same tensors; null: the copy failed. */
  readonly compared: (stable: InferOutput, shadow: InferOutput | null, ms: number | null) => void;
  /** The copy was not made: the version was busy, or the picture had gone. */
  readonly dropped: () => void;
};

export type RunOutcome = { readonly ok: boolean; readonly ms: number };

export type Traffic = {
  /** `client` is who asks: the same client gets the same version. `only`: none that is on trial. */
  choose(model: string, client: string, only?: 'stable'): Choice;
  /** A request works with the entry from now on, whatever becomes of the aliases; the answer ends that. */
  hold(entry: string): () => void;
  /** Null where this run is not to be copied. */
  shadow(model: string, client: string): Shadow | null;
  /** Told of every run that the version is to be judged by. */
  onOutcome(entry: string, outcome: RunOutcome): void;
};

/** Every model is served by the entry of its name. */
export const ONE_VERSION: Traffic = {
  choose: (model) => ({ entry: model, alias: 'stable' }),
  hold: () => () => {},
  shadow: () => null,
  onOutcome: () => {},
};
