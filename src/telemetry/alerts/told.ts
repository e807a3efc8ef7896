/**
 * What receivers of webhooks were told, kept in a file: a server that was stopped while an alert fired tells its end
 * after the next start, and does not tell again what they know.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../../util/clock.ts';
import { makePrivateDir, replacePrivate } from '../../util/private-file.ts';
import type { WebhookAlert } from './webhook-payload.ts';

const VERSION = 1;
const MOST_ALERTS = 10_000;
/** A flapping alert does not keep the disk busy. */
const BETWEEN_WRITES_MS = 1000;

const text = z.string().max(10_000);
const texts = z.record(z.string().max(200), text);
const alertSchema = z.strictObject({
  status: z.enum(['firing', 'resolved']),
  labels: texts,
  annotations: texts,
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  generatorURL: text,
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
});
const toldSchema = z.strictObject({ alert: alertSchema, settled: z.boolean() });
const fileSchema = z.strictObject({ version: z.literal(VERSION), told: z.array(toldSchema).max(MOST_ALERTS) });

export type ToldAlert = {
  readonly alert: WebhookAlert;
  /** Every receiver has it, or does not want it. */
  readonly settled: boolean;
};

export type Told = {
  /** Those that fire, and those whose end not every receiver has heard. */
  list(): readonly ToldAlert[];
  /** Takes the place of what was told of the same rule and subject. */
  add(alerts: readonly WebhookAlert[]): void;
  /** A receiver has these, or will never: an end that all have is forgotten. */
  settled(receiver: number, alerts: readonly WebhookAlert[]): void;
  /** Of the same firing, an alert keeps the labels it was first told with: receivers know it by them. */
  asTold(alert: WebhookAlert): WebhookAlert;
  close(): void;
};

export type ToldDeps = {
  readonly clock: Clock;
  readonly receivers: number;
  /** Told once until it works again; what is in memory goes on. */
  readonly onTrouble: (what: string, error: unknown) => void;
};

type Entry = { readonly alert: WebhookAlert; readonly waitsFor: Set<number> };

export function openTold(file: string, { clock, receivers, onTrouble }: ToldDeps): Told {
  const all = (): Set<number> => new Set(Array.from({ length: receivers }, (_, i) => i));
  const entries = new Map<string, Entry>(
    readTold(file, onTrouble).map(({ alert, settled }) => [
      keyOf(alert),
      { alert, waitsFor: settled ? new Set() : all() },
    ]),
  );
  let writtenAt = Number.NEGATIVE_INFINITY;
  let cancelWrite: (() => void) | null = null;
  let isTroubled = false;

  const list = (): ToldAlert[] =>
    [...entries.values()].map(({ alert, waitsFor }) => ({ alert, settled: waitsFor.size === 0 }));
  const write = (): void => {
    cancelWrite?.();
    cancelWrite = null;
    writtenAt = clock.now();
    try {
      makePrivateDir(path.dirname(file));
      replacePrivate(file, `${JSON.stringify({ version: VERSION, told: list().slice(-MOST_ALERTS) }, null, 2)}\n`);
      isTroubled = false;
    } catch (error) {
      if (!isTroubled) onTrouble('what alert webhooks were told is forgotten when the server stops', error);
      isTroubled = true;
    }
  };
  const changed = (): void => {
    if (cancelWrite !== null) return;
    const wait = writtenAt + BETWEEN_WRITES_MS - clock.now();
    if (wait <= 0) write();
    else cancelWrite = clock.after(wait, write);
  };

  return {
    list,
    add(alerts) {
      const news = alerts.filter((alert) => {
        const known = entries.get(keyOf(alert))?.alert;
        return known === undefined || !isSame(known, alert);
      });
      for (const alert of news) entries.set(keyOf(alert), { alert, waitsFor: all() });
      if (news.length > 0) changed();
    },
    settled(receiver, alerts) {
      let isNews = false;
      for (const alert of alerts) {
        const entry = entries.get(keyOf(alert));
        if (entry === undefined || !isSame(entry.alert, alert)) continue;
        if (!entry.waitsFor.delete(receiver) || entry.waitsFor.size > 0) continue;
        if (alert.status === 'resolved') entries.delete(keyOf(alert));
        isNews = true;
      }
      if (isNews) changed();
    },
    asTold(alert) {
      const known = entries.get(keyOf(alert))?.alert;
      if (known?.startsAt !== alert.startsAt) return alert;
      return { ...alert, labels: known.labels, fingerprint: known.fingerprint };
    },
    close() {
      if (cancelWrite !== null) write();
    },
  };
}

/** Of an alert as it was told: the rule, and the device or model. */
export function subjectOf({ labels }: WebhookAlert): { readonly rule: string; readonly subject: string } {
  return { rule: labels['alertname'] ?? '', subject: labels['device'] ?? labels['model'] ?? '' };
}

function isSame(a: WebhookAlert, b: WebhookAlert): boolean {
  return a.status === b.status && a.startsAt === b.startsAt;
}

/** Without the address of this server, which may change. */
function keyOf(alert: WebhookAlert): string {
  const { rule, subject } = subjectOf(alert);
  return JSON.stringify([rule, subject]);
}

function readTold(file: string, onTrouble: ToldDeps['onTrouble']): readonly ToldAlert[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).told;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) onTrouble('the ends of alerts from before are not told, because their file cannot be read', error);
    return [];
  }
}
