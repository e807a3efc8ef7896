/** A real HTTP server on 127.0.0.1:0 with a fake pipeline and control, for the tests of `src/http`. */
import { loadSettings } from '../../../src/config/load.ts';
import { PROJECT_DIR } from '../../../src/config/paths.ts';
import { connect } from 'node:net';
import type { Observatory } from '../../../src/contract/history.ts';
import type { EnrolAnswer, SearchAnswer } from '../../../src/contract/people.ts';
import type { FacesAnswer, ModelStatus, PlanAnswer, VerifyAnswer } from '../../../src/contract/results.ts';
import type {
  Control,
  EnrolRequest,
  FacesRequest,
  Pipeline,
  SearchRequest,
  VerifyRequest,
} from '../../../src/contract/services.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { type AppDeps, createApp } from '../../../src/http/app.ts';
import { type HttpServer, listen } from '../../../src/http/listen.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';
import { fakeObservatory } from './observatory.ts';
import { fakeChanges } from './changes.ts';
import { fakePeople, fakeReembedding, storedFace } from './people.ts';

export const VERSION = '9.9.9-test';
export const UPLOAD_BYTES = 1_000;

const box = { x_min: 1, y_min: 2, x_max: 30, y_max: 40 };
const models = { detector: { version: 'yunet-n', alias: 'stable', provider: 'cpu' } };

export function facesAnswer(requestId: string): FacesAnswer {
  return {
    request_id: requestId,
    image: { width: 64, height: 48, format: 'jpeg', orientation_applied: false },
    faces: [{ box, det_score: 0.9 }],
    models,
    timings_ms: { total: 1.5 },
  };
}

export function verifyAnswer(requestId: string): VerifyAnswer {
  const face = { box, det_score: 0.9 };
  return {
    request_id: requestId,
    cosine: 0.75,
    similarity: 0.97,
    threshold: 0.427,
    match: true,
    space: 'omz-0095',
    source: face,
    target: face,
    models,
    timings_ms: { total: 2 },
  };
}

export function searchAnswer(requestId: string): SearchAnswer {
  const match = { subject: 'Anna', face_id: '01FACE', cosine: 0.7, similarity: 0.9, threshold: 0.4, match: true };
  return { request_id: requestId, space: 'omz-0095', matches: [{ ...match, margin: null }], timings_ms: { total: 1 } };
}

export function enrolAnswer({ requestId, subject }: EnrolRequest): EnrolAnswer {
  return {
    request_id: requestId,
    created: true,
    face: storedFace({ subject }),
    image: facesAnswer(requestId).image,
    quality: null,
    ood: null,
    liveness: null,
    warnings: [],
    models,
    timings_ms: { total: 2 },
  };
}

export const MODEL_STATUS: ModelStatus = {
  name: 'detector',
  kind: 'model',
  role: 'detector',
  version: 'yunet-n',
  alias: 'stable',
  state: 'ready',
  supervisord_state: 'RUNNING',
  reason: 'loaded',
  since: '2026-11-21T00:00:00.000Z',
  pid: 4711,
  uptime_s: 12,
  restarts: 0,
  last_death: null,
  provider: 'cpu',
  device: 'cpu',
  threads: 1,
  memory_bytes: 1,
  residency: 'on_demand',
  pinned: false,
  reserved_bytes: 2048,
  in_use: 0,
  load_ms: 90,
  queue: 0,
  licence: { spdx: 'MIT', attribution: 'somebody', commercial: true },
};

export type Call = {
  readonly route: keyof Pipeline;
  readonly request: FacesRequest | VerifyRequest | SearchRequest | EnrolRequest;
};

export type TestServer = {
  readonly url: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** What reached the pipeline, in order. */
  readonly calls: Call[];
  readonly logLines: Record<string, unknown>[];
  close(): Promise<void>;
};

export type TestServerOptions = {
  readonly http?: Partial<Settings['http']>;
  readonly limits?: Partial<Settings['limits']>;
  /** Stands in for all routes with one picture. */
  readonly faces?: (request: FacesRequest) => Promise<FacesAnswer>;
  readonly search?: Pipeline['search'];
  readonly enrol?: Pipeline['enrol'];
  readonly people?: AppDeps['people'];
  readonly reembedding?: AppDeps['reembedding'];
  readonly dataDir?: string;
  readonly control?: Partial<Control>;
  readonly auth?: Partial<Settings['auth']>;
  readonly keys?: AppDeps['keys'];
  readonly clock?: Clock;
  readonly onKeyUsed?: AppDeps['onKeyUsed'];
  readonly admin?: AppDeps['admin'];
  readonly observatory?: Observatory;
  readonly changes?: AppDeps['changes'];
  readonly adminHttp?: boolean;
  readonly dashboard?: boolean;
  readonly signal?: AbortSignal;
};

export const PLAN: PlanAnswer = {
  model: 'detector',
  device: 'cpu',
  verdict: 'evict',
  needed_bytes: 300 * 2 ** 20,
  limit_bytes: 1000 * 2 ** 20,
  reserved_bytes: 900 * 2 ** 20,
  foreign_bytes: 5000 * 2 ** 20,
  evicts: [{ model: 'recognizer', bytes: 250 * 2 ** 20 }],
  releases: [],
};

export const control: Control = {
  status: () => [MODEL_STATUS],
  restart: async () => MODEL_STATUS,
  stop: async () => MODEL_STATUS,
  start: async () => MODEL_STATUS,
  load: async () => MODEL_STATUS,
  unload: async () => MODEL_STATUS,
  pin: async (_name, pinned) => ({ ...MODEL_STATUS, pinned }),
  plan: () => PLAN,
  ready: async () => [{ name: 'detector', ok: true, detail: 'answered in 3 ms' }],
  logPath: () => '/nowhere/detector.log',
  stopping: () => false,
};

const DEFAULTS = loadSettings({ env: {}, cwd: PROJECT_DIR });

function testSettings(options: TestServerOptions): Settings {
  return {
    ...DEFAULTS,
    data_dir: options.dataDir ?? '/nowhere',
    http: { host: '127.0.0.1', port: 0, allowed_hosts: ['localhost'], allowed_origins: [], ...options.http },
    admin: { socket: '', http: options.adminHttp === true },
    auth: { mode: 'auto', rate_limit_per_minute: 0, burst: 0, ...options.auth },
    limits: {
      upload_bytes: UPLOAD_BYTES,
      upload_memory_bytes: 1_000_000,
      model_upload_bytes: 1_000_000,
      pixels: 1_000_000,
      max_faces: 100,
      queue: 8,
      timeout_ms: 10_000,
      max_timeout_ms: 20_000,
      ...options.limits,
    },
    imaging: { concurrency: 1, max_frame_bytes: 1, crop_threads: 0, pool_from_faces: 8, libuv_threads: 1 },
    workers: {
      start_timeout_ms: 1,
      infer_timeout_ms: 1,
      stop_wait_ms: 1,
      start_retries: 1,
      max_attempts: 1,
      poison_ttl_ms: 1,
      probe_interval_ms: 1,
    },
    store: { models_dir: '/nowhere', cache_dir: '', mirrors: [], offline: true },
    log: { level: 'trace', to: 'stdout', worker_max_bytes: 1, worker_files: 1 },
    memory: {
      budgets: [],
      headroom_mb: 0,
      max_wait_ms: 1000,
      fairness_ms: 100,
      grace_ms: 0,
      oom_retry_ms: 100,
      sample_ms: 1000,
    },
    tenants: {},
    models: {},
    dashboard: { enabled: options.dashboard === true },
  };
}

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const calls: Call[] = [];
  const logLines: Record<string, unknown>[] = [];
  const settings = testSettings(options);
  const faces = (route: 'detect' | 'recognize' | 'liveness' | 'embed') => async (request: FacesRequest) => {
    calls.push({ route, request });
    return options.faces === undefined ? facesAnswer(request.requestId) : options.faces(request);
  };
  const pipeline: Pipeline = {
    detect: faces('detect'),
    recognize: faces('recognize'),
    liveness: faces('liveness'),
    embed: faces('embed'),
    verify: async (request) => {
      calls.push({ route: 'verify', request });
      return verifyAnswer(request.requestId);
    },
    search: async (request) => {
      calls.push({ route: 'search', request });
      return options.search === undefined ? searchAnswer(request.requestId) : options.search(request);
    },
    enrol: async (request) => {
      calls.push({ route: 'enrol', request });
      return options.enrol === undefined ? enrolAnswer(request) : options.enrol(request);
    },
  };
  const log = createLogger(settings.log, {
    name: 'http',
    destination: { write: (line: string) => void logLines.push(JSON.parse(line)) },
  });
  const metrics = createMetrics();
  const app = createApp({
    settings,
    pipeline,
    control: { ...control, ...options.control },
    observatory: options.observatory ?? fakeObservatory(),
    metrics,
    log,
    version: VERSION,
    clock: options.clock ?? systemClock,
    keys: options.keys ?? { find: () => undefined },
    onKeyUsed: options.onKeyUsed ?? (() => undefined),
    admin: options.admin,
    changes: options.changes ?? fakeChanges(),
    people: options.people ?? fakePeople(),
    reembedding: options.reembedding ?? fakeReembedding(),
    signal: options.signal,
  });
  const server: HttpServer = await listen(app, settings.http, settings.limits);
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    metrics,
    calls,
    logLines,
    close: () => server.close(0),
  };
}

/** Writes bytes to the port as they are, and reads until a whole answer has come (and `goOn` asks for no more) or the server closes. */
export function rawRequest(
  port: number,
  write: (send: (data: string | Buffer) => void) => void,
  goOn: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isWhole(text) && !goOn(text)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.on('connect', () => write((data) => socket.write(data)));
  });
}

function isWhole(text: string): boolean {
  const end = text.lastIndexOf('\r\n\r\n');
  const length = [...text.matchAll(/content-length: (\d+)/gi)].at(-1)?.[1];
  return end !== -1 && length !== undefined && text.length >= end + 4 + Number(length);
}

/** The body of an answer of {@link rawRequest} as JSON. */
export function rawBody(text: string): unknown {
  return JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n') + 4));
}

/** A form with one file. */
export function fileForm(field: string, bytes: Uint8Array, options: Record<string, string> = {}): FormData {
  const form = new FormData();
  form.append(field, new Blob([Uint8Array.from(bytes)], { type: 'image/jpeg' }), 'a.jpg');
  for (const [name, value] of Object.entries(options)) form.append(name, value);
  return form;
}

/** Polls nothing: resolves when `done` says so, asked after each turn of the event loop. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}
