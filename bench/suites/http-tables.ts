/** The HTTP figures as tables. */
import { figure, ranged } from '../lib/table.ts';
import type { Table } from '../lib/table.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import type { Cell, Round } from './http.ts';

const PEERS = ['naive', 'recipe', 'tuned'] as const;
const VARIANTS = [...PEERS, 'facepool'] as const;
type Variant = (typeof VARIANTS)[number];

function column(cell: Cell, variant: Variant, key: keyof Round): number[] {
  return (cell.rounds[variant] ?? []).map((round) => round[key]);
}

function label({ picture, megapixels, clients }: Cell): string {
  return `${picture} ${megapixels} MP, ${clients}`;
}

function figures(cell: Cell): string[] {
  const perSecond = VARIANTS.map((v) => figure(median(column(cell, v, 'perSecond'))));
  const latencies = VARIANTS.map(
    (v) => `${figure(median(column(cell, v, 'p50')))} / ${figure(percentile(cell.latenciesMs[v] ?? [], 0.99))}`,
  );
  const cpu = VARIANTS.map((v) => figure(median(column(cell, v, 'cpuMs')))).join(' / ');
  return [label(cell), ...perSecond, ...latencies, cpu];
}

function ratios(cell: Cell): string[] {
  const faster = PEERS.map((peer) =>
    ranged(ratio(column(cell, 'facepool', 'perSecond'), column(cell, peer, 'perSecond'))),
  );
  const sooner = PEERS.map((peer) => ranged(ratio(column(cell, peer, 'p50'), column(cell, 'facepool', 'p50'))));
  return [label(cell), ...faster, ...sooner];
}

const FIGURES = [
  'picture, clients',
  ...VARIANTS.map((v) => `${v} /s`),
  ...VARIANTS.map((v) => `${v} p50/p99 ms`),
  'CPU ms (n/r/t/f)',
];
const RATIOS = ['picture, clients', ...PEERS.map((peer) => `× ${peer} /s`), ...PEERS.map((peer) => `× ${peer} p50`)];

/** Two tables per route. Ratios above 1 mean that facepool is better. */
export function httpTables(cells: readonly Cell[]): { caption: string; table: Table }[] {
  return (['detect', 'recognize'] as const).flatMap((route) => {
    const chosen = cells.filter((cell) => cell.route === route);
    return [
      {
        caption: `\`/${route}\`, facepool ÷ peer (above 1: facepool is better)`,
        table: { head: RATIOS, rows: chosen.map(ratios) },
      },
      { caption: `\`/${route}\`, figures`, table: { head: FIGURES, rows: chosen.map(figures) } },
    ];
  });
}
