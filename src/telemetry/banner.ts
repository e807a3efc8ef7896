/** What a person sees when the server has started: where it answers, and how each model is. */
import type { ModelStatus } from '../contract/results.ts';
import { noticeLine } from './notices.ts';

export type BannerFacts = {
  readonly version: string;
  readonly url: string;
  readonly adminSocket: string;
  readonly dataDir: string;
  /** Requests over HTTP need an API key. */
  readonly keysNeeded: boolean;
  readonly logFile: string | null;
  readonly status: readonly ModelStatus[];
  /** What is wrong although every process is well. */
  readonly notices?: readonly string[];
  readonly startedMs: number;
};

export function banner(facts: BannerFacts): string {
  const rows = facts.status.map((s) => [
    s.name,
    s.version ?? '',
    // The monitor comes last, and nobody waits for it.
    s.state === 'ready' || s.kind === 'monitor' ? s.state : s.state.toUpperCase(),
    s.load_ms === null ? '' : `${s.load_ms} ms`,
    s.memory_bytes === null ? '' : `${Math.round(s.memory_bytes / 1e6)} MB`,
    s.state === 'ready' ? '' : s.reason,
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const table = rows.map((row) =>
    `  ${row.map((cell, i) => (i === 3 || i === 4 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
  );
  const notices = facts.notices ?? [];
  const ready = facts.status.every((s) => s.kind === 'monitor' || s.state === 'ready');
  const head = ready && notices.length === 0 ? 'ready' : 'started, not everything is ready';
  return [
    `facepool ${facts.version}: ${head} after ${(facts.startedMs / 1000).toFixed(2)} s`,
    '',
    ...table,
    '',
    ...notices.map((text) => noticeLine(text).trimEnd()),
    ...(notices.length === 0 ? [] : ['', '']),
    `  API      ${facts.url}/detect  /recognize  /verify  /liveness  /embed`,
    `  Docs     ${facts.url}/docs`,
    `  Health   ${facts.url}/readyz   Metrics  ${facts.url}/metrics`,
    `  Admin    ${facts.adminSocket}`,
    `  Logs     ${facts.logFile ?? 'standard output'}   (facepool logs <model>)`,
    '',
    `  Try      curl ${facts.keysNeeded ? '-H "Authorization: Bearer $KEY" ' : ''}-F file=@photo.jpg ${facts.url}/detect`,
    '',
  ].join('\n');
}
