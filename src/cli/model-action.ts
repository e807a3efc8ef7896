/** What is asked of one model and takes a while: shows each state on the way, and ends when the model is there. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ModelStatus, modelStatusSchema } from '../contract/results.ts';
import type { Client } from './client.ts';
import { clientFor } from './client-for.ts';
import { type Invocation, takeWords } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { formatMs } from '../util/format.ts';
import { printable, printJson, printLine } from './io.ts';

/** Action → the state that it leads to. */
const GOAL = { restart: 'ready', stop: 'stopped', start: 'ready', load: 'ready', unload: 'stopped' } as const;
export type ModelAction = keyof typeof GOAL;

const POLL_MS = 100;
/** A model that is in use goes when nobody uses it any more; so long is waited for that. */
const MAX_BUSY_MS = 60_000;

export async function runModelAction(invocation: Invocation, action: ModelAction): Promise<ExitCode> {
  const { io, words } = invocation;
  takeWords(action, words, 1, 1, 'the name of a model');
  const client = clientFor(invocation);
  const path = modelPath(words[0] ?? '');
  const json = invocation.flag('json');

  const done = new AbortController();
  const began = performance.now();
  const before = await readModel(client, path);
  const tell = (line: string): void => printLine(io.stderr, line);
  const watching = json ? undefined : watchStates(client, path, stateLine(before), tell, done.signal);
  let after: ModelStatus;
  try {
    after = modelStatusSchema.parse(await client.json({ method: 'POST', path: `${path}/${action}?wait=true` }));
    if (action === 'unload') after = await untilIdle(client, path, after, began);
  } finally {
    done.abort();
    await watching;
  }
  if (json) printJson(io, after);
  else printLine(io.stdout, describe(after, action, performance.now() - began));
  return after.state === GOAL[action] ? EXIT.ok : EXIT.failure;
}

export function modelPath(name: string): string {
  return `/v1/models/${encodeURIComponent(name)}`;
}

async function readModel(client: Client, path: string, signal?: AbortSignal): Promise<ModelStatus> {
  return modelStatusSchema.parse(await client.json({ path, signal }));
}

function isInUse(model: ModelStatus): boolean {
  return model.state === 'ready' && (model.in_use ?? 0) > 0;
}

/** The server answers at once where a model is in use: it unloads it later, and who asked wants to know when. */
async function untilIdle(client: Client, path: string, answer: ModelStatus, began: number): Promise<ModelStatus> {
  let model = answer;
  if (!isInUse(model)) return model;
  while (['ready', 'draining', 'stopping'].includes(model.state) && performance.now() - began < MAX_BUSY_MS) {
    await delay(POLL_MS);
    model = await readModel(client, path);
  }
  return model;
}

function describe(model: ModelStatus, action: ModelAction, ms: number): string {
  const pid = model.pid === null ? '' : `, pid ${model.pid}`;
  const reason = model.reason === '' ? '' : ` (${model.reason})`;
  const line = `${model.name} is ${model.state} after ${formatMs(ms)}${pid}${reason}`;
  return printable(action === 'unload' ? `${line}${whyStillThere(model)}` : line);
}

function whyStillThere(model: ModelStatus): string {
  if (isInUse(model)) return '; it is in use, and is unloaded when it is not';
  if (model.state === GOAL.unload || model.residency !== 'resident') return '';
  return `; it is resident and comes back, unless it is stopped: facepool stop ${model.name}`;
}

function stateLine(model: ModelStatus): string {
  return printable(`${model.name}: ${model.state}${model.reason === '' ? '' : ` (${model.reason})`}`);
}

const WAITS_AFTER_MS = 1000;

/** Tells each state other than the one `before`, until `signal` aborts. What goes wrong here is told by the action itself. */
async function watchStates(
  client: Client,
  path: string,
  before: string,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = before;
  const began = performance.now();
  let waits = false;
  try {
    for (;;) {
      const model = await readModel(client, path, signal);
      const line = stateLine(model);
      if (line !== last) tell(line);
      last = line;
      if (!waits && model.supervisord_state === 'EXITED' && performance.now() - began > WAITS_AFTER_MS) {
        waits = true;
        tell(printable(`${model.name} waits for memory; facepool plan ${model.name} says for what`));
      }
      await delay(POLL_MS, undefined, { signal });
    }
  } catch {
    // Ended, or no server: the action says so.
  }
}
