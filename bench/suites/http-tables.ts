/** The HTTP figures as tables. */
import { figure, ranged } from '../lib/table.ts';
import type { Table } from '../lib/table.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import type { Cell, Round } from './http.ts';

const VARIANTS = ['naive', 'tuned', 'facepool'] as const;

function column(cell: Cell, variant: string, key: keyof Round): number[] {
  return (cell.rounds[variant] ?? []).map((round) => round[key]);
}

function row(cell: Cell): string[] {
  const perSecond = VARIANTS.map((v) => figure(median(column(cell, v, 'perSecond'))));
  const latencies = VARIANTS.map(
    (v) => `${figure(median(column(cell, v, 'p50')))} / ${figure(percentile(cell.latenciesMs[v] ?? [], 0.99))}`,
  );
  const cpu = VARIANTS.map((v) => figure(median(column(cell, v, 'cpuMs')))).join(' / ');
  const against = (peer: string): string[] => [
    ranged(ratio(column(cell, 'facepool', 'perSecond'), column(cell, peer, 'perSecond'))),
    ranged(ratio(column(cell, peer, 'p50'), column(cell, 'facepool', 'p50'))),
  ];
  return [
    `${cell.picture} ${cell.megapixels} MP, ${cell.clients}`,
    ...perSecond,
    ...latencies,
    cpu,
    ...against('naive'),
    ...against('tuned'),
  ];
}

const HEAD = [
  'picture, clients',
  'naive /s',
  'tuned /s',
  'facepool /s',
  'naive p50/p99 ms',
  'tuned p50/p99 ms',
  'facepool p50/p99 ms',
  'CPU ms (n/t/f)',
  '× naive /s',
  '× naive p50',
  '× tuned /s',
  '× tuned p50',
];

/** One table per route. Ratios above 1 mean that facepool is better. */
export function httpTables(cells: readonly Cell[]): { caption: string; table: Table }[] {
  return (['detect', 'recognize'] as const).map((route) => ({
    caption: `\`/${route}\` (ratios above 1: facepool is better)`,
    table: { head: HEAD, rows: cells.filter((cell) => cell.route === route).map(row) },
  }));
}
