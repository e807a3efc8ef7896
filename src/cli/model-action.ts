/** restart, stop and start of one model: shows each state on the way, and ends when the model is there. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ModelStatus, modelStatusSchema } from '../contract/results.ts';
import type { Client } from './client.ts';
import { clientFor } from './settings.ts';
import { type Invocation, takeWords } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { formatMs } from './format.ts';
import { printable, printJson, printLine } from './io.ts';

export type ModelAction = 'restart' | 'stop' | 'start';

const POLL_MS = 100;

export async function runModelAction(invocation: Invocation, action: ModelAction): Promise<ExitCode> {
  const { io, words } = invocation;
  takeWords(action, words, 1, 1, 'the name of a model');
  const name = words[0] ?? '';
  const client = clientFor(invocation);
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const json = invocation.flag('json');

  const done = new AbortController();
  const began = performance.now();
  const before = modelStatusSchema.parse(await client.json({ path }));
  const tell = (line: string): void => printLine(io.stderr, line);
  const watching = json ? undefined : watchStates(client, path, stateLine(before), tell, done.signal);
  let after: ModelStatus;
  try {
    after = modelStatusSchema.parse(await client.json({ method: 'POST', path: `${path}/${action}?wait=true` }));
  } finally {
    done.abort();
    await watching;
  }
  const reached = after.state === (action === 'stop' ? 'stopped' : 'ready');
  if (json) printJson(io, after);
  else printLine(io.stdout, describe(after, performance.now() - began));
  return reached ? EXIT.ok : EXIT.failure;
}

function describe(model: ModelStatus, ms: number): string {
  const pid = model.pid === null ? '' : `, pid ${model.pid}`;
  const reason = model.reason === '' ? '' : ` (${model.reason})`;
  return printable(`${model.name} is ${model.state} after ${formatMs(ms)}${pid}${reason}`);
}

function stateLine(model: ModelStatus): string {
  return printable(`${model.name}: ${model.state}${model.reason === '' ? '' : ` (${model.reason})`}`);
}

/** Tells each state other than the one `before`, until `signal` aborts. What goes wrong here is told by the action itself. */
async function watchStates(
  client: Client,
  path: string,
  before: string,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = before;
  try {
    for (;;) {
      const line = stateLine(modelStatusSchema.parse(await client.json({ path, signal })));
      if (line !== last) tell(line);
      last = line;
      await delay(POLL_MS, undefined, { signal });
    }
  } catch {
    // Ended, or no server: the action says so.
  }
}
