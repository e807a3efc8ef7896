/** Versions and swaps, as commands ask for them. */
import {
  type Swap,
  swapSchema,
  swapsAnswerSchema,
  type VersionsAnswer,
  versionsAnswerSchema,
} from '../contract/rollout.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { modelPath } from './model-action.ts';
import { queryText, understood } from './observatory.ts';
import { sseMessages } from './sse.ts';

export async function readVersions(client: Client, model: string): Promise<VersionsAnswer> {
  return understood(versionsAnswerSchema, await client.json({ path: `${modelPath(model)}/versions` }));
}

/** Newest first. */
export async function readSwaps(client: Client, model: string | undefined): Promise<readonly Swap[]> {
  return understood(swapsAnswerSchema, await client.json({ path: `/v1/swaps${queryText({ model })}` })).swaps;
}

export async function readSwap(client: Client, id: string): Promise<Swap> {
  return understood(swapSchema, await client.json({ path: swapPath(id) }));
}

/** Begins a swap, or what `promote` and `rollback` do; the answer does not wait for its end. */
export async function postSwap(
  client: Client,
  model: string,
  action: 'swap' | 'promote' | 'rollback',
  request: object,
): Promise<Swap> {
  const path = `${modelPath(model)}/${action}`;
  return understood(swapSchema, await client.json({ method: 'POST', path, body: jsonBody(request) }));
}

/** Undefined members are left out. */
export function jsonBody(value: object): { readonly type: string; readonly bytes: Uint8Array } {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

/** Tells every change; resolves when the swap is over, or live. */
export async function watchSwap(client: Client, id: string, onChange: (swap: Swap) => void): Promise<Swap> {
  const stream = await client.stream({ path: swapPath(id), accept: 'text/event-stream' });
  try {
    for await (const { data } of sseMessages(stream)) {
      if (data === undefined) continue;
      const swap = understood(swapSchema, JSON.parse(data));
      onChange(swap);
      if (swap.state !== 'running') return swap;
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.failure, 'the server went away before the swap ended', { cause: error });
  } finally {
    stream.destroy();
  }
  throw new CliError(EXIT.failure, 'the server went away before the swap ended');
}

function swapPath(id: string): string {
  return `/v1/swaps/${encodeURIComponent(id)}`;
}
