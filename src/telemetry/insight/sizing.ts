/** Whether a smaller card would do (S3-04). */
import type { DeviceHistory, Finding } from '../../contract/history.ts';
import { formatBytes, formatSeconds } from '../../util/format.ts';
import { known, mean, peak, quantile } from './series.ts';
import { deviceColumn, finding, type InsightWindow, nameOf, points, secondsKnown } from './window.ts';

/** Below it in the long run, a card is larger than it needs to be. Percent. */
const OVERSIZED = 20;
const LONG_S = 3600;
/** A longer step counts no more than this: it may have been known for a part of it. */
const SURE_S = 60;
/** For what the window has not seen. */
const HEADROOM = 1.2;
const GiB = 2 ** 30;
/** Memory of common cards, GiB. */
export const CARD_SIZES = [4, 6, 8, 12, 16, 24, 40, 48, 80] as const;
/** Drivers and ECC keep a part of it. */
const USABLE = 0.94;
/** A card that is this full in its busiest moments would be missed then. Percent. */
const BURST = 80;

export function oversizedGpu(window: InsightWindow): Finding[] {
  return window.gpus.flatMap((gpu) => {
    const util = deviceColumn(gpu, 'gpu_util');
    const seconds = secondsKnown(window, util);
    const sure = known(util).length * Math.min(SURE_S, window.history.step_s);
    const average = mean(util);
    if (average === null || average >= OVERSIZED || Math.min(seconds, sure) < LONG_S) return [];
    const busiest = quantile(deviceColumn(gpu, 'gpu_util_max', 'gpu_util'), 0.99) ?? average;
    const used = `${nameOf(gpu)} was used to ${points(average)} on average in ${formatSeconds(seconds)}, to ${points(busiest)} when it was busiest`;
    const numbers = { gpu_util: average, gpu_util_busiest: busiest, seconds };
    return [sized(window, gpu, used, numbers, busiest)];
  });
}

function sized(
  window: InsightWindow,
  gpu: DeviceHistory,
  used: string,
  numbers: Readonly<Record<string, number>>,
  busiest: number,
): Finding {
  const same = { severity: 'info', subject: gpu.id } as const;
  const most = peak(deviceColumn(gpu, 'memory_used_max', 'memory_used'));
  const total = peak(deviceColumn(gpu, 'memory_total'));
  if (most === null || total === null) {
    const text = `${used}: a slower card would do. How much memory it needs is not known.`;
    return finding(window, { ...same, code: 'oversized_gpu', text, numbers });
  }
  const needed = most.value * HEADROOM;
  const memory = `It needs ${formatBytes(needed)} of memory (at most ${formatBytes(most.value)} of ${formatBytes(total.value)} was used, and a fifth more)`;
  const withMemory = { ...numbers, memory_peak: most.value, memory_needed: needed, memory_total: total.value };
  const size = CARD_SIZES.find((one) => one * GiB * USABLE >= needed);
  if (size === undefined || size * GiB >= total.value * 0.97) {
    return finding(window, {
      ...same,
      code: 'underused_gpu',
      text: `${used}. ${memory}, so it cannot be a card with less; other programs could use its time.`,
      numbers: withMemory,
    });
  }
  const but = busiest >= BURST ? ' Answers would take longer at the busiest times.' : '';
  return finding(window, {
    ...same,
    code: 'oversized_gpu',
    text: `${used}: a smaller card would do. ${memory}: a card with ${size} GB.${but}`,
    numbers: { ...withMemory, card_gb: size },
  });
}
