/**
 * Every metric, declared once. Units are in the names (seconds, faces); every label comes from a closed set
 * (routes, codes, stages, states, configured models), so the number of series is bounded.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ERROR_CATALOGUE, type ErrorCode } from '../contract/errors.ts';
import { WORKER_STATES, type WorkerState } from '../contract/lifecycle.ts';

export const ROUTE_LABELS = [
  'detect',
  'recognize',
  'verify',
  'liveness',
  'embed',
  'models',
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

export const STAGES = ['queue', 'decode', 'crop', 'detect', 'embed', 'liveness', 'encode'] as const;
export type Stage = (typeof STAGES)[number];

export type InferenceResult = 'ok' | 'error' | 'retried' | 'abandoned';
/** `device_error`: the worker lost its device context (a sticky CUDA error). */
export type RestartReason =
  | 'exit'
  | 'signal'
  | 'hang'
  | 'oom'
  | 'device_error'
  | 'start_failed'
  | 'manual'
  | 'quarantined';
export type LoadPhaseLabel = 'spawn' | 'create' | 'warm' | 'golden' | 'total';

export type BuildInfo = { readonly version: string; readonly node: string; readonly onnxruntime: string };

/** One inference is milliseconds, a queue under load seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LOAD_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FACES_BUCKETS = [1, 2, 4, 8, 16, 32, 64];

export type Metrics = ReturnType<typeof createMetrics>;

/** All metrics on a registry of their own: one per server, so that servers and tests do not share counts. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `facepool_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram<L>({ name: `facepool_${name}`, help, labelNames: [...labelNames], buckets, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name: `facepool_${name}`, help, labelNames: [...labelNames], registers });

  let readQueues: (() => Iterable<readonly [model: string, length: number]>) | undefined;
  const queueLength = new Gauge<'model'>({
    name: 'facepool_queue_length',
    help: 'Requests waiting for a model or for imaging, read at the time of the scrape',
    labelNames: ['model'],
    registers,
    collect() {
      for (const [model, length] of readQueues?.() ?? []) this.set({ model }, length);
    },
  });
  const buildInfo = gauge('build_info', 'Always 1; the versions are in the labels', ['version', 'node', 'onnxruntime']);
  const workerState = gauge('worker_state', '1 for the state the worker is in, 0 for every other', ['model', 'state']);

  collectDefaultMetrics({ register: registry, prefix: 'facepool_' });

  return {
    registry,
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
    queueLength,
    /** The router registers here what `queueLength` shows; the last one registered counts. */
    observeQueues(read: () => Iterable<readonly [model: string, length: number]>): void {
      readQueues = read;
    },
    queueWait: histogram(
      'queue_wait_seconds',
      'Time a request waited for a model or for imaging, in seconds',
      ['model'],
      DURATION_BUCKETS,
    ),
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
    /** Labels: model, reason (room, idle, foreign, oom, operator). */
    evictions: counter('evictions_total', 'Models unloaded to give memory back, by reason', ['model', 'reason']),
    /** Labels: device, kind (limit, reserved, foreign). */
    memory: gauge('memory_bytes', 'Memory of a device as the scheduler counts it, in bytes', ['device', 'kind']),
    /** Labels: model, kind (measured, reserved). */
    modelMemory: gauge('model_memory_bytes', 'Memory of a model’s process, in bytes', ['model', 'kind']),
    /** Labels: model, phase (LoadPhaseLabel). */
    workerLoadDuration: histogram(
      'worker_load_duration_seconds',
      'Time of each phase from fork to ready, in seconds',
      ['model', 'phase'],
      LOAD_BUCKETS,
    ),
    facesTotal: counter('faces_total', 'Faces a model has worked on', ['model']),
    buildInfo,
    setBuildInfo(info: BuildInfo): void {
      buildInfo.set({ ...info }, 1);
    },
  };
}
