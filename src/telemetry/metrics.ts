/**
 * Every metric, declared once, here and in `metrics/`. Units are in the names (seconds, bytes); every label comes from a
 * closed set (routes, codes, stages, states, configured models, devices, rules), so the number of series is bounded.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { ERROR_CATALOGUE, type ErrorCode } from '../contract/errors.ts';
import { WORKER_STATES, type WorkerState } from '../contract/lifecycle.ts';
import type { Observation } from '../contract/observation.ts';
import { declareOn } from './metrics/declare.ts';
import { type ForgetfulMetric, forgetSeries } from './metrics/forget.ts';
import { declareGpus } from './metrics/gpu-metrics.ts';
import { declarePeople } from './metrics/people-metrics.ts';
import { declareProcesses } from './metrics/process-metrics.ts';
import { declareStory } from './metrics/story-metrics.ts';
import { declareTritonNames } from './metrics/triton-names.ts';
import { declareVersions, modelOfProcess } from './metrics/version-metrics.ts';

export const ROUTE_LABELS = [
  'detect',
  'recognize',
  'verify',
  'liveness',
  'embed',
  'search',
  'enrol',
  'people',
  'models',
  'versions',
  'swaps',
  'gpu',
  'history',
  'events',
  'alerts',
  'insight',
  'dashboard',
  'admin',
  'healthz',
  'readyz',
  'metrics',
  'openapi',
  'docs',
  'index',
  'other',
] as const;
/** `other` is every path that no route has. */
export type RouteLabel = (typeof ROUTE_LABELS)[number];

/** `ok`, an error code, or `client_closed` for a client that went before the answer (status 499). */
export type CodeLabel = ErrorCode | 'ok' | 'client_closed';
export const CODE_LABELS: readonly CodeLabel[] = [
  'ok',
  'client_closed',
  ...(Object.keys(ERROR_CATALOGUE) as ErrorCode[]),
];

export const STAGES = ['queue', 'decode', 'crop', 'detect', 'embed', 'liveness', 'encode', 'match', 'store'] as const;
export type Stage = (typeof STAGES)[number];

export const INFERENCE_RESULTS = ['ok', 'error', 'retried', 'abandoned'] as const;
export type InferenceResult = (typeof INFERENCE_RESULTS)[number];
/** `device_error`: the worker lost its device context (a sticky CUDA error). */
export const RESTART_REASONS = [
  'exit',
  'signal',
  'hang',
  'oom',
  'device_error',
  'start_failed',
  'manual',
  'quarantined',
] as const;
export type RestartReason = (typeof RESTART_REASONS)[number];
export const EVICTION_REASONS = ['room', 'idle', 'foreign', 'oom', 'operator'] as const;
export const PROBE_RESULTS = ['passed', 'failed', 'error'] as const;
export type LoadPhaseLabel = 'spawn' | 'create' | 'warm' | 'golden' | 'total';

export type BuildInfo = { readonly version: string; readonly node: string; readonly onnxruntime: string };

/** One inference is milliseconds, a queue under load seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LOAD_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FACES_BUCKETS = [1, 2, 4, 8, 16, 32, 64];
/** Gauges of prom-client whose names end in `_total`, which is for counters; the same counts by type stay. */
const MISNAMED = ['active_handles_total', 'active_requests_total', 'active_resources_total'];

/** Name and number of what is waiting. */
export type Lengths = () => Iterable<readonly [model: string, length: number]>;

export type MetricsOptions = {
  /** Triton's names (`nv_*`) for the same things too. */
  readonly tritonNames?: boolean | undefined;
};

export type Metrics = ReturnType<typeof createMetrics>;

/** All metrics on a registry of their own: one per server, so that servers and tests do not share counts. */
export function createMetrics({ tritonNames = false }: MetricsOptions = {}) {
  const registry = new Registry();
  const declare = declareOn(registry, 'facepool_');
  const { counter, gauge, histogram } = declare;

  let readQueues: Lengths = () => [];
  let readPending: Lengths = () => [];
  const lengths = (read: Lengths) => () => [...read()].map(([model, length]) => [{ model }, length] as const);
  let latest: Observation | null = null;
  /** The last one that a sample of the monitor was behind. */
  let sampled: Observation | null = null;

  const buildInfo = gauge('build_info', 'Always 1; the versions are in the labels', ['version', 'node', 'onnxruntime']);
  const requests = {
    /** Labels: route (RouteLabel), status, code (CodeLabel). */
    requestsTotal: counter('requests_total', 'HTTP requests answered', ['route', 'status', 'code']),
    requestDuration: histogram(
      'request_duration_seconds',
      'Time from the request’s headers to the end of its answer, in seconds',
      ['route'],
      DURATION_BUCKETS,
    ),
    requestsInFlight: gauge('requests_in_flight', 'HTTP requests being answered', []),
    /** Labels: stage (Stage). */
    stageDuration: histogram(
      'stage_duration_seconds',
      'Time of one stage of a request, in seconds',
      ['stage'],
      DURATION_BUCKETS,
    ),
  };
  const inference = {
    inferenceDuration: histogram(
      'inference_duration_seconds',
      'Compute time of one inference inside its worker, in seconds',
      ['model'],
      DURATION_BUCKETS,
    ),
    /** Labels: model, result (InferenceResult). */
    inferencesTotal: counter('inferences_total', 'Inferences by outcome', ['model', 'result']),
    inferenceBatchFaces: histogram(
      'inference_batch_faces',
      'Faces in one inference, padding left out',
      ['model'],
      FACES_BUCKETS,
    ),
    facesTotal: counter('faces_total', 'Faces a model has worked on', ['model']),
    queueWait: histogram(
      'queue_wait_seconds',
      'Time a request waited for a model or for imaging, in seconds',
      ['model'],
      DURATION_BUCKETS,
    ),
  };
  declare.readings(
    'queue_length',
    'Requests waiting for a model or for imaging, read at the time of the scrape',
    ['model'],
    lengths(() => readQueues()),
  );
  declare.readings(
    'pending_requests',
    'Requests waiting for a model to be loaded, read at the time of the scrape',
    ['model'],
    lengths(() => readPending()),
  );
  const workerState = gauge('worker_state', '1 for the state the worker is in, 0 for every other', ['model', 'state']);
  const workers = {
    workerState,
    /** Sets all states of a model at once: 1 for the current one, 0 for the others. */
    setWorkerState(model: string, current: WorkerState): void {
      for (const state of WORKER_STATES) workerState.set({ model, state }, state === current ? 1 : 0);
    },
    /** Labels: model, reason (RestartReason). */
    workerRestarts: counter('worker_restarts_total', 'Worker restarts by reason', ['model', 'reason']),
    /** Labels: model, result (passed, failed, error). */
    probes: counter('probes_total', 'Golden probes of running workers by outcome', ['model', 'result']),
    modelLoads: counter('model_loads_total', 'Loads that the memory scheduler ordered', ['model']),
    /** Requests, not batches: one for each that found its model not loaded. */
    coldStarts: counter('cold_starts_total', 'Requests that had to wait until a model was loaded', ['model']),
    oomRetries: counter('oom_retries_total', 'Inferences that ran out of memory and were tried once more', ['model']),
    /** Labels: model, reason (room, idle, foreign, oom, operator). */
    evictions: counter('evictions_total', 'Models unloaded to give memory back, by reason', ['model', 'reason']),
    /** Labels: model, phase (LoadPhaseLabel). */
    workerLoadDuration: histogram(
      'worker_load_duration_seconds',
      'Time of each phase from fork to ready, in seconds',
      ['model', 'phase'],
      LOAD_BUCKETS,
    ),
  };
  const processes = declareProcesses(declare, () => latest);
  /** Those whose label `model` is the name of a process. */
  const ofProcesses: readonly ForgetfulMetric[] = [
    inference.inferenceDuration,
    inference.inferencesTotal,
    inference.queueWait,
    workerState,
    workers.workerRestarts,
    workers.probes,
    workers.modelLoads,
    workers.coldStarts,
    workers.oomRetries,
    workers.evictions,
    workers.workerLoadDuration,
    ...processes.counters,
  ];
  const gpus = declareGpus(declare, () => latest);
  const story = declareStory(declare);
  const people = declarePeople(declare);
  const { shadowMetrics, ...versions } = declareVersions(declare);
  const waiting: Lengths = () => summed([...readQueues(), ...readPending()]);
  const triton = tritonNames
    ? declareTritonNames(declareOn(registry, 'nv_'), { ...inference, waiting, latest: () => latest })
    : null;

  collectDefaultMetrics({ register: registry, prefix: 'facepool_' });
  for (const name of MISNAMED) registry.removeSingleMetric(`facepool_nodejs_${name}`);

  return {
    registry,
    ...requests,
    ...inference,
    ...workers,
    ...story,
    ...people,
    ...versions,
    /** The router registers here what `queue_length` shows; the last one registered counts. */
    observeQueues(read: Lengths): void {
      readQueues = read;
    },
    /** The same for `pending_requests`: those that wait in the memory scheduler. */
    observePending(read: Lengths): void {
      readPending = read;
    },
    /** Shows the observation from here on, and adds up what it counts. */
    observe(observation: Observation): void {
      processes.count(observation, sampled);
      gpus.begin(observation);
      latest = observation;
      if (observation.host !== null) sampled = observation;
    },
    onGpuEvent: gpus.onGpuEvent,
    /**
     * Begins the totals of a process at 0: a series that begins at 1 hides its first count from `increase()`.
     * @param isModel false for imaging and the monitor
     */
    begin(model: string, isModel: boolean): void {
      for (const reason of RESTART_REASONS) workers.workerRestarts.inc({ model, reason }, 0);
      if (!isModel) return;
      for (const result of INFERENCE_RESULTS) inference.inferencesTotal.inc({ model, result }, 0);
      for (const result of PROBE_RESULTS) workers.probes.inc({ model, result }, 0);
      for (const reason of EVICTION_REASONS) workers.evictions.inc({ model, reason }, 0);
      for (const total of [workers.modelLoads, workers.coldStarts, workers.oomRetries]) total.inc({ model }, 0);
      story.beginSwaps(modelOfProcess(model));
    },
    /** The process of this name is gone for good; it may come again under the same name, and then begins anew. */
    forget(model: string): Promise<void> {
      triton?.forget(model);
      return forgetSeries(ofProcesses, { model });
    },
    /** A version has no process any more. */
    forgetShadow(model: string, version: string): Promise<void> {
      return forgetSeries(shadowMetrics, { model, version });
    },
    /** The version that `model` runs, for labels of Triton's names; nothing without these. */
    setModelVersion(model: string, version: string): void {
      triton?.setModelVersion(model, version);
    },
    buildInfo,
    setBuildInfo(info: BuildInfo): void {
      buildInfo.set({ ...info }, 1);
    },
  };
}

function summed(lengths: readonly (readonly [model: string, length: number])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [model, length] of lengths) sums.set(model, (sums.get(model) ?? 0) + length);
  return sums;
}
