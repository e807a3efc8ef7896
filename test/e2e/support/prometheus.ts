/** Debian's Prometheus and Alertmanager on free ports of 127.0.0.1, with the files of deploy/prometheus made faster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import * as z from 'zod';
import { ROOT } from './process.ts';
import { until } from './until.ts';

const DEPLOY = path.join(ROOT, 'deploy/prometheus');
const READY_MS = 20_000;
/** Between two scrapes and two evaluations. */
const INTERVAL = '250ms';

const notificationSchema = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  alerts: z.array(
    z.looseObject({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});
export type Notified = z.infer<typeof notificationSchema>['alerts'][number];

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export type Monitoring = {
  readonly prometheus: string;
  readonly alertmanager: string;
  /** `data` of an answer of Prometheus' API; rejects when it is not a success. */
  readonly ask: (path: string) => Promise<unknown>;
  /** What a receiver of Alertmanager's got so far, in order. */
  readonly notified: () => readonly Notified[];
  readonly stop: () => Promise<void>;
};

/**
 * @param dir of the test's own
 * @param target host and port of the server
 * @param holds alert → its `for` here instead of the file's
 */
export async function startMonitoring(
  dir: string,
  target: string,
  holds: Readonly<Record<string, string>>,
): Promise<Monitoring> {
  const [port, alertPort] = [await freePort(), await freePort()];
  const notified: Notified[] = [];
  const receiver = await receive(notified);
  const receiverPort = (receiver.address() as AddressInfo).port;
  writeConfig(dir, { target, alertPort, receiverPort, holds });
  const prometheus = `http://127.0.0.1:${port}`;
  const alertmanager = `http://127.0.0.1:${alertPort}`;
  const children = [
    run(dir, 'prometheus', [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=tsdb',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]),
    run(dir, 'prometheus-alertmanager', [
      '--config.file=alertmanager.yml',
      '--storage.path=alertmanager',
      `--web.listen-address=127.0.0.1:${alertPort}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ]),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  };
  try {
    for (const url of [prometheus, alertmanager]) {
      await until(`${url} is ready`, READY_MS, async () => (await fetch(`${url}/-/ready`)).ok);
    }
  } catch (error) {
    const said = children.map((child) => child.output()).join('\n');
    await stop();
    throw new Error(`no Prometheus:\n${said}`, { cause: error });
  }
  return {
    prometheus,
    alertmanager,
    async ask(query) {
      const answer = await fetch(`${prometheus}${query}`);
      const body = z.looseObject({ status: z.string(), data: z.unknown() }).parse(await answer.json());
      if (body.status !== 'success') throw new Error(`${query}: ${JSON.stringify(body)}`);
      return body.data;
    },
    notified: () => notified,
    stop,
  };
}

type Config = {
  readonly target: string;
  readonly alertPort: number;
  readonly receiverPort: number;
  readonly holds: Readonly<Record<string, string>>;
};

/** The deployed files; only addresses, times and the receiver differ. */
function writeConfig(dir: string, { target, alertPort, receiverPort, holds }: Config): void {
  mkdirSync(dir, { recursive: true });
  const write = (file: string, change: (text: string) => string): void =>
    writeFileSync(path.join(dir, file), change(readFileSync(path.join(DEPLOY, file), 'utf8')));
  write('recording-rules.yml', (text) => text);
  write('alerting-rules.yml', (text) =>
    Object.entries(holds).reduce(
      (rules, [alert, hold]) => replaced(rules, new RegExp(`(alert: ${alert}\\n[^]*?for: )\\w+`), `$1${hold}`),
      text,
    ),
  );
  write('prometheus.yml', (text) => {
    const intervals = replaced(text, /(scrape_interval|evaluation_interval): \w+/g, `$1: ${INTERVAL}`);
    return replaced(replaced(intervals, '127.0.0.1:8080', target), '127.0.0.1:9093', `127.0.0.1:${alertPort}`);
  });
  write('alertmanager.yml', (text) => {
    const faster = replaced(
      replaced(text, 'group_wait: 10s', 'group_wait: 10ms'),
      'group_interval: 1m',
      'group_interval: 100ms',
    );
    const hook = `- name: people\n    webhook_configs:\n      - url: http://127.0.0.1:${receiverPort}/\n        send_resolved: true`;
    return replaced(faster, '- name: people', hook);
  });
}

function replaced(text: string, what: string | RegExp, by: string): string {
  const changed = text.replace(what, by);
  if (changed === text) throw new Error(`nothing to replace: ${String(what)}`);
  return changed;
}

async function receive(notified: Notified[]): Promise<http.Server> {
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      notified.push(...notificationSchema.parse(JSON.parse(Buffer.concat(chunks).toString())).alerts);
      res.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function run(cwd: string, command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const out: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  }).then(() => running.delete(child));
  return {
    output: () => Buffer.concat(out).toString(),
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      const last = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(last);
    },
  };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
