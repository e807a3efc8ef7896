/**
 * The load generator, a process of its own: its event loop must not share one with a server, and it must be cheap,
 * because it runs on the same cores. So: plain sockets, one prepared request, no HTTP library.
 */
import net from 'node:net';
import process from 'node:process';
import { performance } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { ResponseReader } from './http-response.ts';
import { encodeRequest } from './request.ts';
import type { Upload } from './request.ts';

export type LoadOrder = {
  readonly id: number;
  readonly port: number;
  readonly path: string;
  readonly picture: string;
  readonly upload: Upload;
  readonly clients: number;
  /** No request is sent after this long; those under way are waited for and counted. */
  readonly ms: number;
};

export type LoadReport = {
  readonly id: number;
  readonly latenciesMs: readonly number[];
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly error: string | null;
};

const requests = new Map<string, Buffer>();

function requestOf(order: LoadOrder): Buffer {
  const key = `${order.path} ${order.picture} ${order.upload}`;
  const known = requests.get(key);
  if (known !== undefined) return known;
  const made = encodeRequest(order.path, readFileSync(order.picture), order.upload);
  requests.set(key, made);
  return made;
}

/** One client: sends the next request when the answer to the last one is complete. */
function client(order: LoadOrder, request: Buffer, until: number, done: (status: number, ms: number) => void) {
  return new Promise<void>((resolve, reject) => {
    const socket = net.connect(order.port, '127.0.0.1');
    socket.setNoDelay(true);
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(request);
    };
    const reader = new ResponseReader(({ status }) => {
      const now = performance.now();
      done(status, now - sentAt);
      if (now >= until) socket.end();
      else send();
    });
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk as Buffer);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (performance.now() < until) reject(new Error('the server closed the connection'));
      else resolve();
    });
  });
}

async function run(order: LoadOrder): Promise<LoadReport> {
  const request = requestOf(order);
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const begin = performance.now();
  let last = begin;
  const done = (status: number, ms: number): void => {
    last = performance.now();
    latenciesMs.push(ms);
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  let error: string | null = null;
  try {
    await Promise.all(Array.from({ length: order.clients }, () => client(order, request, begin + order.ms, done)));
  } catch (cause) {
    error = (cause as Error).message;
  }
  return { id: order.id, latenciesMs, seconds: (last - begin) / 1000, statuses, error };
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit(0));
