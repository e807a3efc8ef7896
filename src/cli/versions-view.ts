/** Versions, their history and swaps as lines. */
import type { AliasChange, Swap, VersionsAnswer } from '../contract/rollout.ts';
import { formatBytes, formatMs } from '../util/format.ts';
import { timeText } from './alert-lines.ts';
import { type FitColumn, fitTable } from './fit.ts';
import { type Io, printable, type Style } from './io.ts';
import type { Cell } from './table.ts';

const NONE = '-';

const VERSION_COLUMNS: readonly FitColumn[] = [
  { title: 'VERSION', spare: 0 },
  { title: 'ALIASES', spare: 0 },
  { title: 'STATE', spare: 0 },
  { title: 'TRAFFIC', align: 'right', spare: 1 },
  { title: 'REQUESTS', align: 'right', spare: 4 },
  { title: 'ERRORS', align: 'right', spare: 2 },
  { title: 'P50', align: 'right', spare: 7 },
  { title: 'P99', align: 'right', spare: 3 },
  { title: 'MEMORY', align: 'right', spare: 5 },
  { title: 'SIZE', align: 'right', spare: 8 },
  { title: 'SOURCE', spare: 6 },
  { title: 'LICENCE', spare: 9 },
];

/** The table of versions, what is wrong with any, where the aliases are and what goes on. */
export function versionLines(io: Io, answer: VersionsAnswer, width: number): string[] {
  const rows = answer.versions.map((row): Cell[] => [
    row.version,
    row.aliases.length === 0 ? NONE : row.aliases.join(', '),
    row.state,
    row.percent === 0 ? NONE : `${row.percent} %`,
    row.live?.requests ?? NONE,
    row.live === null ? NONE : { text: ratioText(row.live.error_ratio), style: errorStyle(row.live.error_ratio) },
    row.live === null || row.live.requests === 0 ? NONE : formatMs(row.live.p50_ms),
    row.live === null || row.live.requests === 0 ? NONE : formatMs(row.live.p99_ms),
    row.memory_bytes === null ? NONE : formatBytes(row.memory_bytes),
    formatBytes(row.bytes),
    row.source,
    row.licence,
  ]);
  const problems = answer.versions.flatMap(({ version, problem }) =>
    problem === null ? [] : [`${version} cannot be used: ${problem}`],
  );
  const { swap } = answer;
  const tail = [
    ...problems,
    ...driftLines(answer),
    ...(swap === null ? [] : [swapSentence(swap)]),
    `generation ${answer.generation}`,
  ];
  return [...fitTable(io, VERSION_COLUMNS, rows, width), '', ...tail.map(printable)];
}

function driftLines({ shadow, drift }: VersionsAnswer): string[] {
  if (shadow === null || drift === null) return [];
  const parts = [
    drift.mean_iou === null ? '' : `mean IoU ${drift.mean_iou.toFixed(3)}`,
    drift.min_cosine === null ? '' : `least cosine ${drift.min_cosine.toFixed(4)}`,
    drift.max_quality_drift === null ? '' : `quality moved by ${drift.max_quality_drift.toFixed(3)} at most`,
    drift.flips === null ? '' : `${drift.flips} verdicts turned`,
    drift.failed === 0 ? '' : `${drift.failed} failed`,
    drift.dropped === 0 ? '' : `${drift.dropped} copies left out`,
  ].filter((part) => part !== '');
  const more = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  return [`${shadow.version} differs from stable in ${drift.differing} of ${drift.compared} answers${more}`];
}

const HISTORY_COLUMNS: readonly FitColumn[] = [
  { title: 'GENERATION', align: 'right', spare: 0 },
  { title: 'WHEN (UTC)', spare: 0 },
  { title: 'WHAT', spare: 0 },
  { title: 'STABLE', spare: 0 },
  { title: 'CANARY', spare: 3 },
  { title: 'SHADOW', spare: 4 },
  { title: 'WHO', spare: 1 },
  { title: 'WHY', spare: 2 },
];

export function historyLines(io: Io, history: readonly AliasChange[], width: number): string[] {
  const share = (to: AliasChange['canary']): string => (to === null ? NONE : `${to.version} ${to.percent} %`);
  const rows = history.map((change): Cell[] => [
    change.generation,
    timeText(change.at),
    change.action,
    change.stable,
    share(change.canary),
    share(change.shadow),
    change.by,
    change.why,
  ]);
  return fitTable(io, HISTORY_COLUMNS, rows, width);
}

const SWAP_COLUMNS: readonly FitColumn[] = [
  { title: 'ID', spare: 2 },
  { title: 'MODEL', spare: 0 },
  { title: 'FROM', spare: 0 },
  { title: 'TO', spare: 0 },
  { title: 'STRATEGY', spare: 3 },
  { title: 'STATE', spare: 0 },
  { title: 'STARTED (UTC)', spare: 4 },
  { title: 'TOOK', align: 'right', spare: 5 },
  { title: 'WHO', spare: 6 },
  { title: 'REASON', spare: 1 },
];

const SWAP_STYLES: Readonly<Record<Swap['state'], Style | undefined>> = {
  running: 'yellow',
  live: 'yellow',
  done: 'green',
  failed: 'red',
  rolled_back: 'red',
};

export function swapLines(io: Io, swaps: readonly Swap[], width: number): string[] {
  const rows = swaps.map((swap): Cell[] => [
    swap.id,
    swap.model,
    swap.from,
    swap.to,
    strategyText(swap),
    { text: stateText(swap), style: SWAP_STYLES[swap.state] },
    timeText(swap.started),
    swap.ended === null ? NONE : formatMs(Date.parse(swap.ended) - Date.parse(swap.started)),
    swap.by,
    swap.reason,
  ]);
  return fitTable(io, SWAP_COLUMNS, rows, width);
}

/** What became of a swap, or what is to be done about one that is live. */
export function swapSentence(swap: Swap): string {
  const { model, from, to, reason } = swap;
  const took = swap.ended === null ? '' : ` after ${formatMs(Date.parse(swap.ended) - Date.parse(swap.started))}`;
  const gap = swap.gap_ms === null ? '' : `; requests waited for ${formatMs(swap.gap_ms)}`;
  switch (swap.state) {
    case 'running':
      return `${model}: the swap from ${from} to ${to} goes on (${swap.id})`;
    case 'live': {
      const share = swap.strategy === 'shadow' ? `copies of ${swap.percent} %` : `${swap.percent} %`;
      return `${model}: ${to} is live with ${share} of the traffic; next: facepool promote ${model}, or facepool rollback ${model}`;
    }
    case 'done':
      return `${model}: ${to} is stable${took}${gap}`;
    case 'failed':
      return `${model}: ${to} was not taken${took}, ${from} still serves: ${reason}`;
    case 'rolled_back':
      return `${model}: ${to} was taken back${took}, ${from} serves: ${reason}`;
    default:
      return swap.state satisfies never;
  }
}

function strategyText({ strategy, percent }: Swap): string {
  return percent === null ? strategy : `${strategy} ${percent} %`;
}

function stateText({ state }: Swap): string {
  return state.replace('_', ' ');
}

function ratioText(ratio: number): string {
  return `${Math.round(ratio * 1000) / 10} %`;
}

function errorStyle(ratio: number): Style | undefined {
  return ratio > 0 ? 'red' : undefined;
}
