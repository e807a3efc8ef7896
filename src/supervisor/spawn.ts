/** The only door to child_process. Everything above works on `Spawned`, which tests replace. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { isMemoryText } from '../contract/memory-texts.ts';
import { ENV_PARENT_PID, ENV_WORKER_ID, UPLOAD_FD } from '../contract/protocol.ts';
import type { WorkerId } from '../contract/protocol.ts';
import { guardChannel } from './guard-channel.ts';

export type SpawnRequest = {
  /** Entry file under `workers/`. */
  readonly entry: URL;
  readonly workerId: WorkerId;
  readonly env: Readonly<Record<string, string>>;
  readonly uploadPipe: boolean;
  readonly log: Writable;
};

export type ExitInfo = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last words on stderr say that there was no memory; an abort says there what it was for. */
  readonly outOfMemory?: true;
  /** Why it was ended here: its channel is of no use any more. */
  readonly broken?: string;
};

/** What has to be known to fork a process. */
export type Forkable = Pick<SpawnRequest, 'entry' | 'env' | 'uploadPipe'>;

/** So much of stderr is kept. */
const LAST_WORDS_BYTES = 4096;
/** How long stderr may lag behind the exit event. */
const LAST_WORDS_WAIT_MS = 100;
/** A process that ends closes its channel a moment before; one that closed it and lives is of no use to anybody. */
const CHANNEL_CLOSED_GRACE_MS = 1000;

export type Spawned = {
  readonly pid: number | undefined;
  /** How long it had been running when it was handed over, which counts as loading; undefined: forked for the request. */
  readonly aheadMs?: number;
  /** False when the channel is closed already. */
  readonly send: (message: unknown) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly uploadPipe: Socket | null;
  readonly onMessage: (fn: (message: unknown) => void) => void;
  /** Exactly once, also when the process could not be started. */
  readonly onExit: (fn: (info: ExitInfo) => void) => void;
};

export type Spawner = (request: SpawnRequest) => Spawned;

/** What every child gets whatever the parent's environment says. */
function childEnv(request: SpawnRequest): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...request.env,
    // onnxruntime ≥ 1.29 sends telemetry by default on Linux.
    ORT_DISABLE_TELEMETRY: '1',
    [ENV_PARENT_PID]: String(process.pid),
    [ENV_WORKER_ID]: String(request.workerId),
  };
}

/** Starts a child with `serialization: 'advanced'`; its stdout and stderr go to `log`. */
export const spawnChild: Spawner = (request) => {
  const child = fork(request.entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', request.uploadPipe ? 'pipe' : 'ignore'],
    env: childEnv(request),
    execArgv: [],
  });
  // Listened for before anything else can throw: an error event without a listener ends the server.
  const exit = watchEnd(child);
  child.stdout?.pipe(request.log, { end: false });
  child.stderr?.pipe(request.log, { end: false });
  // Without a process (no file descriptors left) Node gives no stdio at all, whatever its types say.
  const stdio = child.stdio as ChildProcess['stdio'] | undefined;
  const pipe = request.uploadPipe ? (stdio?.[UPLOAD_FD] as Socket | null | undefined) : null;
  // EPIPE tells nothing that the exit event does not say better.
  pipe?.on('error', () => {});

  return {
    pid: child.pid,
    uploadPipe: pipe ?? null,
    send: (message) => {
      if (child.connected) child.send(message as object, () => {});
    },
    kill: (signal) => {
      child.kill(signal);
    },
    onMessage: (fn) => {
      child.on('message', fn);
    },
    onExit: (fn) => {
      void exit.then((info) => {
        pipe?.destroy();
        fn(info);
      });
    },
  };
};

/** Its end, once, with its last words. */
function watchEnd(child: ChildProcess): Promise<ExitInfo> {
  const { promise, resolve } = Promise.withResolvers<ExitInfo>();
  let words = Buffer.alloc(0);
  let broken: string | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    words = Buffer.concat([words, chunk.subarray(-LAST_WORDS_BYTES)]).subarray(-LAST_WORDS_BYTES);
  });
  guardChannel(child, () => {
    broken = 'wrote junk into its channel';
    child.kill('SIGKILL');
  });
  child.once('disconnect', () => {
    const timer = setTimeout(() => {
      broken ??= 'closed its channel and lived on';
      child.kill('SIGKILL');
    }, CHANNEL_CLOSED_GRACE_MS);
    child.once('exit', () => clearTimeout(timer));
  });
  child.once('exit', (code, signal) => {
    const tell = (): void => {
      const outOfMemory = code !== 0 && isMemoryText(words.toString('utf8'));
      resolve({ code, signal, ...(outOfMemory ? { outOfMemory } : {}), ...(broken === undefined ? {} : { broken }) });
    };
    // An ordinary end has no last words. `close` never comes while a grandchild holds the pipes.
    if (code === 0 || signal === 'SIGKILL' || signal === 'SIGTERM') {
      tell();
      return;
    }
    const timer = setTimeout(tell, LAST_WORDS_WAIT_MS);
    child.once('close', () => {
      clearTimeout(timer);
      tell();
    });
  });
  child.on('error', () => {
    if (child.pid === undefined) resolve({ code: null, signal: null });
  });
  return promise;
}
