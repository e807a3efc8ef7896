/** What the outer layers (HTTP, admin, CLI) ask of the inner ones. Implemented in `src/pipeline` and `src/supervisor`. */
import type { RequestOptions } from './options.ts';
import type { EmbeddingInput, EnrolAnswer, SearchAnswer } from './people.ts';
import type { FacesAnswer, ModelStatus, PlanAnswer, VerifyAnswer } from './results.ts';

export type RequestContext = {
  readonly requestId: string;
  /** Who asks, where that is known: the same client gets the same version of a model. Default: the request itself. */
  readonly client?: string | undefined;
  readonly options: RequestOptions;
  /** Aborted when the client goes or the deadline passes; its reason is a FacepoolError. */
  readonly signal: AbortSignal;
};

export type FacesRequest = RequestContext & { readonly image: Uint8Array };
export type VerifyRequest = RequestContext & { readonly source: Uint8Array; readonly target: Uint8Array };
export type EnrolRequest = FacesRequest & {
  readonly collection: string;
  /** In NFC, as `subjectName` gives it. */
  readonly subject: string;
  /** The caller may read people: a refusal says whom the face looks like. */
  readonly canName: boolean;
};
/** A picture (its largest face), or an embedding. */
export type SearchRequest = RequestContext & ({ readonly image: Uint8Array } | { readonly embedding: EmbeddingInput });

/** Every method rejects with a FacepoolError only. */
export type Pipeline = {
  detect(request: FacesRequest): Promise<FacesAnswer>;
  recognize(request: FacesRequest): Promise<FacesAnswer>;
  liveness(request: FacesRequest): Promise<FacesAnswer>;
  embed(request: FacesRequest): Promise<FacesAnswer>;
  verify(request: VerifyRequest): Promise<VerifyAnswer>;
  /**
   * Who it may be. No trust can be told of a bare embedding: its `match` says only that the cosine reaches the threshold.
   * @throws `no_face`, `space_mismatch`, `not_found` (collection), `people_unavailable`, and what a policy refuses
   */
  search(request: SearchRequest): Promise<SearchAnswer>;
  /**
   * Keeps the face. Resolves when it is durable and will be found; a picture of the subject that is there already changes nothing.
   * @throws a refusal: the gravest as `code`, all of them as `reasons`
   */
  enrol(request: EnrolRequest): Promise<EnrolAnswer>;
};

export type ReadyCheck = { readonly name: string; readonly ok: boolean; readonly detail: string };

export type Control = {
  /** Imaging first, then the models in config order, then the monitor. */
  status(): ModelStatus[];
  /** Each resolves when the process is in its new state; unknown name → `not_found`. */
  restart(name: string): Promise<ModelStatus>;
  stop(name: string): Promise<ModelStatus>;
  start(name: string): Promise<ModelStatus>;
  /** Loads it now, as a request would; resolves when it serves, rejects with `memory_exhausted` when there is no room. */
  load(name: string): Promise<ModelStatus>;
  /** Gives its memory back as soon as nobody uses it; the next request loads it again. */
  unload(name: string): Promise<ModelStatus>;
  /** Pinned: not evicted for another model, until the next start of the server. */
  pin(name: string, pinned: boolean): Promise<ModelStatus>;
  /** What loading it would take; changes nothing. */
  plan(name: string): PlanAnswer;
  /** A real inference in every model that should be resident, through its real queue. */
  ready(signal: AbortSignal): Promise<ReadyCheck[]>;
  /** Path of a child's current log file; unknown name → `not_found`. */
  logPath(name: string): string;
  /** True once SIGTERM was received. */
  stopping(): boolean;
};
