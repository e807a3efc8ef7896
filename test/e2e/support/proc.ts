/** What the kernel says about processes: children, memory, descriptors, sockets. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readRssAnon } from '../../../src/gpu/proc.ts';
import { isAlive } from './process.ts';

function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function command(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Living descendants of a process. */
export function descendants(pid: number): { readonly pid: number; readonly command: string }[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [, parent] = statFields(Number(name));
    if (parent === undefined) continue;
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const found: { pid: number; command: string }[] = [];
  const visit = (parent: number): void => {
    // Of all processes only these are looked at closely: some tests ask every few milliseconds.
    for (const child of (children.get(parent) ?? []).filter(isAlive)) {
      found.push({ pid: child, command: command(child) });
      visit(child);
    }
  };
  visit(pid);
  return found;
}

/** Model workers of a server, by the file that they run. */
export function modelWorkers(server: number): number[] {
  return descendants(server)
    .filter((p) => p.command.includes('/workers/main.ts'))
    .map((p) => p.pid);
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Whether any process listens on the TCP port of the URL. */
export function isListening(url: string): boolean {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return local?.endsWith(`:${port}`) === true && state === '0A';
    });
}

export function memAvailable(): { readonly total: number; readonly used: number; readonly available: number } {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const bytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const [total, available] = [bytes('MemTotal'), bytes('MemAvailable')];
  return { total, available, used: total - available };
}

export type AnonSamples = { readonly max: number; readonly count: number; readonly most: number };

/** Adds up RssAnon over the model workers every 50 ms, until it is stopped. `most`: workers at the same time. */
export function sampleAnon(server: number): { readonly stop: () => Promise<AnonSamples> } {
  const samples = { max: 0, count: 0, most: 0 };
  let running = true;
  const loop = (async () => {
    while (running) {
      const pids = modelWorkers(server);
      const sum = pids.reduce((bytes, pid) => bytes + (readRssAnon(pid) ?? 0), 0);
      samples.max = Math.max(samples.max, sum);
      samples.most = Math.max(samples.most, pids.length);
      samples.count += 1;
      await delay(50);
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      return samples;
    },
  };
}
