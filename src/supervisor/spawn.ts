/** The only door to child_process. Everything above works on `Spawned`, which tests replace. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { ENV_PARENT_PID, ENV_WORKER_ID, UPLOAD_FD } from '../contract/protocol.ts';
import type { WorkerId } from '../contract/protocol.ts';

export type SpawnRequest = {
  /** Entry file under `workers/`. */
  readonly entry: URL;
  readonly workerId: WorkerId;
  readonly env: Readonly<Record<string, string>>;
  readonly uploadPipe: boolean;
  readonly log: Writable;
};

export type ExitInfo = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Spawned = {
  readonly pid: number | undefined;
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
  const exit = Promise.withResolvers<ExitInfo>();
  child.once('exit', (code, signal) => exit.resolve({ code, signal }));
  child.on('error', () => {
    if (child.pid === undefined) exit.resolve({ code: null, signal: null });
  });
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
      void exit.promise.then((info) => {
        pipe?.destroy();
        fn(info);
      });
    },
  };
};
