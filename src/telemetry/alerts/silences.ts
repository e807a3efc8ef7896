/** Which rules are silenced, and until when; kept in a file across restarts. Times are milliseconds since 1970. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { makePrivateDir, replacePrivate } from '../../util/private-file.ts';

const VERSION = 1;
const fileSchema = z.strictObject({
  version: z.literal(VERSION),
  silences: z.array(z.strictObject({ rule: z.string().min(1).max(200), until: z.iso.datetime() })).max(10_000),
});

export type Silences = {
  /** Null: the rule is not silenced. */
  until(rule: string, at: number): number | null;
  /** `until` at or before `at` ends a silence. Counts at once, also where the file cannot be written. */
  set(rule: string, until: number, at: number): void;
};

/** @param onTrouble told when the file cannot be read or written; what is in memory goes on */
export function openSilences(file: string, onTrouble: (what: string, error: unknown) => void): Silences {
  const byRule = readSilences(file, onTrouble);
  return {
    until(rule, at) {
      const until = byRule.get(rule);
      return until === undefined || until <= at ? null : until;
    },
    set(rule, until, at) {
      byRule.set(rule, until);
      for (const [name, end] of byRule) if (end <= at) byRule.delete(name);
      const silences = [...byRule].map(([name, end]) => ({ rule: name, until: new Date(end).toISOString() }));
      try {
        makePrivateDir(path.dirname(file));
        replacePrivate(file, `${JSON.stringify({ version: VERSION, silences }, null, 2)}\n`);
      } catch (error) {
        onTrouble('the silence is forgotten when the server stops, because it cannot be written', error);
      }
    },
  };
}

function readSilences(file: string, onTrouble: (what: string, error: unknown) => void): Map<string, number> {
  try {
    const { silences } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return new Map(silences.map(({ rule, until }) => [rule, Date.parse(until)]));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) onTrouble('no alert is silenced, because the file of the silences cannot be read', error);
    return new Map();
  }
}
