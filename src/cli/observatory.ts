/** What the server tells of itself, as commands ask for it. */
import type * as z from 'zod';
import {
  type AlertAnswer,
  alertsAnswerSchema,
  eventsAnswerSchema,
  type GpuAnswer,
  gpuAnswerSchema,
  type HistoryAnswer,
  historyAnswerSchema,
  type InsightAnswer,
  insightAnswerSchema,
  type StoredEvent,
} from '../contract/history.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { EXIT } from './exit-codes.ts';

/** Undefined entries are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

export function queryText(query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

export async function readGpu(client: Client): Promise<GpuAnswer> {
  return understood(gpuAnswerSchema, await client.json({ path: '/v1/gpu' }));
}

/** @param query `from`, `to`, `step`, `devices`, `workers`, `events` as the API takes them */
export async function readHistory(client: Client, query: Query): Promise<HistoryAnswer> {
  return understood(historyAnswerSchema, await client.json({ path: `/v1/history${queryText(query)}` }));
}

export async function readInsight(client: Client, query: Query): Promise<InsightAnswer> {
  return understood(insightAnswerSchema, await client.json({ path: `/v1/insight${queryText(query)}` }));
}

export async function readAlerts(client: Client): Promise<readonly AlertAnswer[]> {
  return understood(alertsAnswerSchema, await client.json({ path: '/v1/alerts' })).alerts;
}

/** Oldest first. @param query `from`, `to`, `types`, `limit` as the API takes them */
export async function readEvents(client: Client, query: Query): Promise<readonly StoredEvent[]> {
  const path = `/v1/events${queryText({ format: 'json', ...query })}`;
  return understood(eventsAnswerSchema, await client.json({ path })).events;
}

/** @throws CliError where the server is of another version, and says something else */
export function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new CliError(EXIT.failure, `the server’s answer is not understood (${where}); is it of another version?`);
}
