/** What every child process does: dies with its parent, says hello, answers pings, stops when asked. */
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { toWire } from '../src/contract/errors.ts';
import type { ErrorCode } from '../src/contract/errors.ts';
import { PROTOCOL_VERSION } from '../src/contract/protocol.ts';
import type { ArenaRef, CallId, ChildKind, FromChild, LoadPhase, WorkerId } from '../src/contract/protocol.ts';
import { CallLog } from './call-log.ts';
import { createLog } from './log.ts';
import { dieWithParent } from './parent.ts';

/** The child's side of the control channel. */
export type Port = {
  begin(id: CallId): void;
  result(id: CallId, value: unknown): void;
  fail(id: CallId, error: unknown, fallback?: ErrorCode): void;
  /** The process ends because of this call: a line in the log, and no answer. */
  fatal(id: CallId, error: unknown): void;
  progress(phase: LoadPhase): void;
  listening(arena?: ArenaRef): void;
  mapped(arena: WorkerId): void;
};

export type ChildOptions<M> = {
  readonly kind: ChildKind;
  /** Shown in `facepool status`, e.g. `onnxruntime 1.30.0`. */
  readonly runtime: string;
  /** Every message but `ping`, `hold` and `stop`. Must not throw; answers through the port. */
  readonly onMessage: (message: M, port: Port) => void;
  /** Finish what has begun; the process exits 0 when this resolves. */
  readonly onStop: () => Promise<void>;
};

/** Long enough to be out of the way of a start. */
const FLUSH_AFTER_MS = 2000;

/** Time for the supervisor to say that the signal was for it. */
const SIGTERM_GRACE_MS = 250;

/**
 * `kill <pid>` ends a child. A SIGTERM for the whole process group (systemd, `timeout`) ends the server, whose running
 * requests still need this child: the supervisor, which got the signal too, sends `hold`.
 */
function heedSigterm(): { hold(): void } {
  let held = false;
  const die = (): void => {
    if (held) return;
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  };
  process.on('SIGTERM', () => setTimeout(die, SIGTERM_GRACE_MS));
  return {
    hold: () => {
      held = true;
    },
  };
}

export function startChild<M extends { readonly v: number; readonly type: string }>(options: ChildOptions<M>): Port {
  dieWithParent();
  // Ctrl-C and a terminal that closes reach the whole process group; they are the supervisor's to handle.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const held = heedSigterm();
  // Node writes its compile cache at exit, which a child that is killed never sees: 50 instead of 120 ms to hello.
  setTimeout(() => flushCompileCache(), FLUSH_AFTER_MS).unref();

  const send = (message: FromChild): void => {
    if (process.connected) process.send?.(message);
  };
  const v = PROTOCOL_VERSION;
  const calls = new CallLog(createLog({ part: options.kind }), () => performance.now());
  const port: Port = {
    begin: (id) => {
      calls.begun(id);
      send({ v, type: 'begin', id });
    },
    result: (id, value) => {
      // First the answer: somebody waits for it.
      send({ v, type: 'result', id, value });
      calls.answered(id);
    },
    fail: (id, error, fallback) => {
      calls.failed(id, error);
      send({ v, type: 'error', id, error: toWire(error, fallback) });
    },
    fatal: (id, error) => calls.fatal(id, error),
    progress: (phase) => send({ v, type: 'progress', phase }),
    listening: (arena) => send({ v, type: 'listening', ...(arena === undefined ? {} : { arena }) }),
    mapped: (arena) => send({ v, type: 'mapped', arena }),
  };

  process.on('message', (raw: M & { readonly id: CallId; readonly requestId?: string }) => {
    if (raw.type === 'ping') port.result(raw.id, process.uptime());
    else if (raw.type === 'hold') held.hold();
    else if (raw.type === 'stop') void options.onStop().finally(() => process.exit(0));
    else {
      if (raw.type === 'abandon') calls.abandoned(raw.id);
      else if (raw.id !== undefined) calls.arrived(raw.id, raw.type, raw.requestId);
      options.onMessage(raw, port);
    }
  });
  send({ v, type: 'hello', kind: options.kind, pid: process.pid, runtime: options.runtime });
  return port;
}
