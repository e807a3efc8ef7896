/** A real admin server on a temporary socket: the real HTTP app, with a fake pipeline and a fake control behind it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createAdminServer } from '../../../src/admin/server.ts';
import type { AuditEntry } from '../../../src/auth/audit-log.ts';
import { KeyStore } from '../../../src/auth/key-store.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Observatory } from '../../../src/contract/history.ts';
import { SUPERVISORD_WORD, type WorkerState } from '../../../src/contract/lifecycle.ts';
import type { FacesAnswer, ModelStatus } from '../../../src/contract/results.ts';
import type { Control, EnrolRequest, FacesRequest, Pipeline, VerifyRequest } from '../../../src/contract/services.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { type AppDeps, createApp } from '../../../src/http/app.ts';
import type { Changes } from '../../../src/http/changes.ts';
import { sendProblem } from '../../../src/http/problem.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { fakeObservatory } from '../../http/support/observatory.ts';
import { fakePeople, fakeReembedding } from '../../http/support/people.ts';
import { enrolAnswer, facesAnswer, MODEL_STATUS, PLAN, searchAnswer, verifyAnswer } from '../../http/support/server.ts';
import { fakeChanges } from '../../http/support/changes.ts';

export type FakeServerOptions = {
  /** Stands in for all routes with one picture. */
  readonly faces?: (request: FacesRequest) => Promise<FacesAnswer>;
  readonly match?: boolean;
  /** The state that an action ends in; default: the one it should. */
  readonly endsIn?: WorkerState;
  /** An action waits for it after it has begun. */
  readonly gate?: Promise<void>;
  readonly control?: Partial<Control>;
  readonly observatory?: Observatory;
  readonly allowedHosts?: string[];
  readonly changes?: Changes;
  readonly auth?: Partial<Settings['auth']>;
  readonly limits?: Partial<Settings['limits']>;
  readonly people?: AppDeps['people'];
  readonly reembedding?: AppDeps['reembedding'];
  readonly enrol?: Pipeline['enrol'];
  readonly search?: Pipeline['search'];
  /** Default: a new one. */
  readonly socketPath?: string;
};

export type FakeServer = {
  readonly dir: string;
  readonly socketPath: string;
  readonly logFile: string;
  /** What reached pipeline and control: `detect 4 bytes`, `restart detector`. */
  readonly calls: string[];
  readonly requests: (FacesRequest | VerifyRequest | EnrolRequest)[];
  readonly warnings: object[];
  readonly audited: AuditEntry[];
  readonly close: () => Promise<void>;
};

export async function fakeServer(t: TestContext, options: FakeServerOptions = {}): Promise<FakeServer> {
  const dir = tempDir(t);
  const socketPath = options.socketPath ?? path.join(dir, 'admin.sock');
  const logFile = path.join(dir, 'detector.log');
  writeFileSync(logFile, 'one\ntwo\nthree\n');
  const calls: string[] = [];
  const requests: (FacesRequest | VerifyRequest | EnrolRequest)[] = [];
  const warnings: object[] = [];
  const audited: AuditEntry[] = [];
  const audit = { record: (entry: AuditEntry) => void audited.push(entry) };
  const control = fakeControl(options, calls, logFile);
  const observatory = options.observatory ?? fakeObservatory();
  const loaded = loadSettings({ env: {}, cwd: dir, flags: [{ key: 'data_dir', value: dir, flag: '--data-dir' }] });
  const settings = {
    ...loaded,
    auth: { ...loaded.auth, ...options.auth },
    limits: { ...loaded.limits, ...options.limits },
    http: { ...loaded.http, allowed_hosts: options.allowedHosts ?? ['localhost'] },
  };
  const closing = new AbortController();
  const app = createApp({
    settings,
    pipeline: fakePipeline(options, calls, requests),
    control,
    observatory,
    metrics: createMetrics(),
    log: createLogger({ ...settings.log, level: 'silent' }, { name: 'test' }),
    version: '9.9.9-test',
    clock: systemClock,
    keys: new KeyStore(dir),
    onKeyUsed: () => undefined,
    changes: options.changes ?? fakeChanges(),
    people: options.people ?? fakePeople(),
    reembedding: options.reembedding ?? fakeReembedding(),
    signal: closing.signal,
  });
  const log = { info: () => undefined, warn: (fields: object) => void warnings.push(fields) };
  const server = createAdminServer({
    app,
    control,
    observatory,
    servedHost: () => settings.http.host,
    socketPath,
    log,
    audit,
    sendProblem,
  });
  await server.listen();
  const close = () => {
    closing.abort();
    return server.close();
  };
  t.after(close);
  return { dir, socketPath, logFile, calls, requests, warnings, audited, close };
}

function fakePipeline(options: FakeServerOptions, calls: string[], requests: FakeServer['requests']): Pipeline {
  const faces = (route: string) => async (request: FacesRequest) => {
    calls.push(`${route} ${request.image.byteLength} bytes`);
    requests.push(request);
    return options.faces?.(request) ?? facesAnswer(request.requestId);
  };
  return {
    detect: faces('detect'),
    recognize: faces('recognize'),
    liveness: faces('liveness'),
    embed: faces('embed'),
    verify: async (request) => {
      calls.push(`verify ${request.source.byteLength} and ${request.target.byteLength} bytes`);
      requests.push(request);
      return { ...verifyAnswer(request.requestId), match: options.match ?? true };
    },
    search: async (request) => {
      calls.push('search');
      return options.search?.(request) ?? searchAnswer(request.requestId);
    },
    enrol: async (request) => {
      calls.push(`enrol ${request.collection}/${request.subject} ${request.image.byteLength} bytes`);
      requests.push(request);
      return options.enrol?.(request) ?? enrolAnswer(request);
    },
  };
}

function fakeControl(options: FakeServerOptions, calls: string[], logFile: string): Control {
  let model: ModelStatus = MODEL_STATUS;
  const imaging: ModelStatus = {
    ...MODEL_STATUS,
    name: 'imaging',
    kind: 'imaging',
    role: null,
    version: null,
    licence: null,
    residency: null,
    pinned: null,
    reserved_bytes: null,
    in_use: null,
  };
  const move = (state: WorkerState, reason: string): ModelStatus => {
    model = { ...model, state, supervisord_state: SUPERVISORD_WORD[state], reason };
    return model;
  };
  const act = (action: string, during: WorkerState, end: WorkerState) => async (name: string) => {
    calls.push(`${action} ${name}`);
    move(during, 'asked for');
    await options.gate;
    return move(options.endsIn ?? end, `${action} was asked for`);
  };
  return {
    status: () => [imaging, model],
    restart: act('restart', 'stopping', 'ready'),
    stop: act('stop', 'draining', 'stopped'),
    start: act('start', 'starting', 'ready'),
    load: act('load', 'loading', 'ready'),
    unload: act('unload', 'stopping', 'stopped'),
    pin: async (name, pinned) => {
      calls.push(`${pinned ? 'pin' : 'unpin'} ${name}`);
      model = { ...model, pinned };
      return model;
    },
    plan: (name) => ({ ...PLAN, model: name }),
    ready: async () => [{ name: 'detector', ok: true, detail: 'answered' }],
    logPath: (name) => {
      if (name === 'detector') return logFile;
      throw new FacepoolError('not_found', `${name} has no log`);
    },
    stopping: () => false,
    ...options.control,
  };
}
