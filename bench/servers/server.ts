/** Servers under test: each is started as its own process group and ended by that group's id, whatever happens. */
import process from 'node:process';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

export type Server = {
  readonly name: string;
  readonly port: number;
  /** Process group: the server and its children. */
  readonly group: number;
  /** The end of what it printed. */
  output(): string;
  stop(): Promise<void>;
};

const STOP_WAIT_MS = 5000;
/** Characters of a server's output that are kept for error messages. */
const KEPT_OUTPUT = 2000;
const living = new Set<number>();

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone already.
  }
}

process.on('exit', () => {
  for (const group of living) signalGroup(group, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** The environment every server gets: no telemetry, nothing inherited that would change a setting. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (!key.startsWith('FACEPOOL_') && !key.startsWith('UV_')) env[key] = value;
  }
  return { ...env, ORT_DISABLE_TELEMETRY: '1', NODE_ENV: 'production', ...extra };
}

export type Launched = {
  readonly child: ChildProcess;
  readonly group: number;
  output(): string;
  stop(): Promise<void>;
};

/** Starts `node <argv>` as a process group of its own. `ipc` adds a channel on which peers tell their port. */
export function launch(argv: readonly string[], env: NodeJS.ProcessEnv, ipc: boolean): Launched {
  const child = spawn(process.execPath, argv, {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env,
    detached: true,
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  const group = child.pid;
  if (group === undefined) throw new Error(`could not start ${argv.join(' ')}`);
  living.add(group);
  const ended = once(child, 'exit');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  }
  return {
    child,
    group,
    output: () => printed,
    stop: async () => {
      const last = setTimeout(() => signalGroup(group, 'SIGKILL'), STOP_WAIT_MS);
      signalGroup(group, 'SIGTERM');
      await ended;
      clearTimeout(last);
      signalGroup(group, 'SIGKILL');
      living.delete(group);
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
