/** Findings in plain language, with the numbers behind them, from a stretch of history. Pure. */
import type { Finding, HistoryAnswer } from '../../contract/history.ts';
import { formatSeconds } from '../../util/format.ts';
import { outOfMemory, repeatedCrashes, thrash } from './incidents.ts';
import { cpuBound, inputBound, waitingForInput } from './input-bound.ts';
import { memoryNearLimit, memoryPeak } from './memory.ts';
import { known } from './series.ts';
import { oversizedGpu } from './sizing.ts';
import { spikes } from './spikes.ts';
import { throttling } from './throttling.ts';
import { deviceColumn, finding, type InsightContext, type InsightWindow, secondsKnown, windowOf } from './window.ts';

type Rule = (window: InsightWindow) => readonly Finding[];

/** They count events, so they need no figures. */
const EVENT_RULES: readonly Rule[] = [repeatedCrashes, outOfMemory, thrash];
const FIGURE_RULES: readonly Rule[] = [
  memoryNearLimit,
  inputBound,
  cpuBound,
  throttling,
  oversizedGpu,
  waitingForInput,
  memoryPeak,
  spikes,
];

/** Fewer seconds of figures say nothing. */
export const LEAST_SECONDS = 60;
const LEAST_POINTS = 10;
const MOST_FINDINGS = 20;
const RANK: Readonly<Record<Finding['severity'], number>> = { error: 0, warning: 1, info: 2 };

/** The worst first; none where there is nothing to say. */
export function findInsights(history: HistoryAnswer, context: InsightContext): Finding[] {
  const window = windowOf(history, context);
  const found = EVENT_RULES.flatMap((rule) => rule(window));
  const { seconds, points } = amountOf(window);
  if (seconds < LEAST_SECONDS || points < LEAST_POINTS) found.push(tooLittle(window, seconds, points));
  else found.push(...FIGURE_RULES.flatMap((rule) => rule(window)));
  return found
    .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.from.localeCompare(b.from))
    .slice(0, MOST_FINDINGS);
}

/** Of the device that is known best. */
function amountOf(window: InsightWindow): { readonly seconds: number; readonly points: number } {
  const columns = window.history.devices.flatMap((device) => [
    deviceColumn(device, 'gpu_util'),
    deviceColumn(device, 'memory_used'),
  ]);
  const seconds = Math.max(0, ...columns.map((values) => secondsKnown(window, values)));
  return { seconds, points: Math.max(0, ...columns.map((values) => known(values).length)) };
}

function tooLittle(window: InsightWindow, seconds: number, points: number): Finding {
  return finding(window, {
    code: 'too_little_data',
    severity: 'info',
    subject: null,
    text:
      points === 0
        ? 'There is no history of this time.'
        : `There are only ${formatSeconds(seconds)} of history in this time, in steps of ${formatSeconds(window.history.step_s)}: too little to say more.`,
    numbers: { seconds },
  });
}
