/** A real server with real children, on a data directory and a port of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { modelsAnswerSchema, type ModelStatus } from '../../../src/contract/results.ts';
import { fillDataDir, preparedModels } from './prepared.ts';
import { type Ended, type Environment, facepool } from './process.ts';
import { until } from './until.ts';

const START_MS = 60_000;
/** Nothing runs when a test ends: longer than this and the server waits for what never comes. */
const STOP_MS = 10_000;

export type LogLine = { readonly msg: string; readonly level: string; readonly [field: string]: unknown };
export type CliResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type TestServer = {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  readonly socket: string;
  readonly exited: Promise<Ended>;
  readonly log: () => LogLine[];
  readonly stderr: () => string;
  /** `GET /v1/models`, checked against the contract. */
  readonly models: () => Promise<ModelStatus[]>;
  readonly model: (name: string) => Promise<ModelStatus>;
  /** Value of the metric lines that begin like this, added up; labels in the order they are printed. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;
  /** Runs `facepool <args>` against this server. */
  readonly cli: (...args: string[]) => Promise<CliResult>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** SIGTERM, a clean end (else it throws), and the data directory gone. Safe to call twice. */
  readonly stop: () => Promise<Ended>;
};

export type StartOptions = {
  readonly env?: Environment;
  readonly args?: readonly string[];
  /** Used and removed at the end; a fresh temporary one without it. */
  readonly dataDir?: string;
  /** false: the data directory is left empty, so that the server imports for itself. */
  readonly prepared?: boolean;
};

/** For `env`: a server whose other models nobody asks starts half of the processes. */
export const DETECTOR_ALONE = {
  FACEPOOL_MODELS_RECOGNIZER_ENABLED: 'false',
  FACEPOOL_MODELS_LIVENESS_ENABLED: 'false',
} as const;

const dataDirs = new Set<string>();
// What a test that failed has left; its processes are ended before (process.ts).
process.on('exit', () => {
  for (const dir of dataDirs) rmSync(dir, { recursive: true, force: true });
});

/** An empty directory, gone when the test file ends at the latest. */
export function makeDataDir(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'facepool-e2e-data-'));
  dataDirs.add(dir);
  return dir;
}

/** The environment that makes a server use the prepared weights and never the network. */
export async function preparedEnv(): Promise<Record<string, string>> {
  return {
    FACEPOOL_STORE_CACHE_DIR: path.join(await preparedModels(), 'weights'),
    FACEPOOL_STORE_OFFLINE: 'true',
  };
}

export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? makeDataDir();
  if (options.prepared !== false) await fillDataDir(dataDir);
  const env = { ...(options.prepared === false ? {} : await preparedEnv()), ...options.env };
  const started = facepool(['start', '--data-dir', dataDir, '--port', '0', ...(options.args ?? [])], env);
  let ended: Ended | undefined;
  void started.exited.then((end) => {
    ended = end;
  });
  const clear = (): void => rmSync(dataDir, { recursive: true, force: true });
  const log = (): LogLine[] => parseLines(started.stdout());

  let serving: LogLine;
  try {
    serving = await until('the server serves', START_MS, () => {
      const line = log().find(({ msg }) => msg === 'serving');
      if (line === undefined && ended !== undefined) return { msg: 'ended', level: 'error' };
      return line;
    });
    if (serving.msg === 'ended') throw new Error('the server ended instead of serving');
  } catch (error) {
    started.kill('SIGKILL');
    await started.exited;
    clear();
    throw new Error(`no server:\n${started.stdout()}\n${started.stderr()}`, { cause: error });
  }
  const url = String(serving['url']);
  const models = async (): Promise<ModelStatus[]> => {
    const answer = await fetch(`${url}/v1/models`);
    return modelsAnswerSchema.parse(await answer.json()).models;
  };

  return {
    url,
    pid: started.pid,
    dataDir,
    socket: path.join(dataDir, 'admin.sock'),
    exited: started.exited,
    log,
    stderr: started.stderr,
    models,
    async model(name) {
      const found = (await models()).find((model) => model.name === name);
      if (found === undefined) throw new Error(`no model ${name}`);
      return found;
    },
    async metric(name, labels = {}) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return sumMetric(text, name, labels);
    },
    async cli(...args) {
      const command = facepool([...args, '--data-dir', dataDir]);
      const { code } = await command.exited;
      return { code, stdout: command.stdout(), stderr: command.stderr() };
    },
    kill: started.kill,
    async stop() {
      const byUs = ended === undefined;
      if (byUs) started.kill('SIGTERM');
      const timer = setTimeout(() => started.kill('SIGKILL'), STOP_MS);
      const end = await started.exited;
      clearTimeout(timer);
      clear();
      if (byUs && end.code !== 0)
        throw new Error(`no clean end: ${JSON.stringify(end)}\n${started.stdout().slice(-3000)}`);
      return end;
    },
  };
}

/** A server for the time of one function. What the function throws is told first, not how the server ended after it. */
export async function withServer<T>(options: StartOptions, use: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer(options);
  let result: T;
  try {
    result = await use(server);
  } catch (error) {
    await server.stop().catch(() => {});
    throw error;
  }
  await server.stop();
  return result;
}

function parseLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

export function sumMetric(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
