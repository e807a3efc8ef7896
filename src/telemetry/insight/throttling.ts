/** Cards that slowed themselves down: too hot, or at the limit of their power. */
import type { Finding } from '../../contract/history.ts';
import type { ThrottleReason } from '../../contract/monitor.ts';
import { formatSeconds } from '../../util/format.ts';
import { peak, pick, placesWhere, quantile } from './series.ts';
import { deviceColumn, finding, type InsightWindow, nameOf, secondsOf } from './window.ts';

/** An idle card lowers its clock to save power: only busy moments count. Percent. */
const BUSY = 50;
const LEAST_BUSY_S = 30;
/** A clock below so much of its best while busy is a slow one. */
const SLOW = 0.9;
/** °C from which heat is the likely reason. */
const HOT = 80;
/** Share of the power limit from which power is. */
const AT_LIMIT = 0.97;
const LEAST_S = 10;

const BY_HEAT: readonly ThrottleReason[] = ['sw_thermal', 'hw_thermal'];
const BY_POWER: readonly ThrottleReason[] = ['sw_power_cap', 'hw_power_brake'];

/** Seen in the history (slow, hot or at the limit while busy), or told by the driver now. */
export function throttling(window: InsightWindow): Finding[] {
  return window.gpus.flatMap((gpu) => {
    const clock = deviceColumn(gpu, 'sm_clock');
    const temperature = deviceColumn(gpu, 'temperature', 'temperature_max');
    const draw = deviceColumn(gpu, 'power_draw', 'power_draw_max');
    const limit = deviceColumn(gpu, 'power_limit');
    const busy = placesWhere(deviceColumn(gpu, 'gpu_util'), (value) => value >= BUSY);
    const best = secondsOf(window, busy) < LEAST_BUSY_S ? null : quantile(pick(clock, busy), 0.95);
    const slow = busy.filter((place) => best !== null && (clock[place] ?? best) < SLOW * best);
    const hot = slow.filter((place) => (temperature[place] ?? 0) >= HOT);
    const capped = slow.filter((place) => (draw[place] ?? 0) >= AT_LIMIT * (limit[place] ?? Number.POSITIVE_INFINITY));
    const now = window.context.throttle?.[gpu.id] ?? [];
    const toldNow = (reasons: readonly ThrottleReason[]): boolean => now.some((reason) => reasons.includes(reason));
    const clocks = (places: readonly number[]): string => {
      if (best === null || places.length === 0) return 'The driver tells it now';
      const lowest = Math.min(...places.map((place) => clock[place] ?? best));
      return `Its clock went down to ${Math.round(lowest)} of ${Math.round(best)} MHz for ${formatSeconds(secondsOf(window, places))}`;
    };
    const numbers = (places: readonly number[]) => ({ seconds: secondsOf(window, places), clock_best: best ?? 0 });
    const found: Finding[] = [];
    if (secondsOf(window, hot) >= LEAST_S || toldNow(BY_HEAT)) {
      const highest = peak(deviceColumn(gpu, 'temperature_max', 'temperature'))?.value ?? null;
      const heat = highest === null ? '' : `, at up to ${Math.round(highest)} °C`;
      found.push(
        finding(window, {
          code: 'thermal_throttling',
          severity: 'warning',
          subject: gpu.id,
          text: `${nameOf(gpu)} slows down because it is hot. ${clocks(hot)}${heat}. Check the cooling, or limit how many requests run at once.`,
          numbers: { ...numbers(hot), ...(highest === null ? {} : { temperature_max: highest }) },
        }),
      );
    }
    if (secondsOf(window, capped) >= LEAST_S || toldNow(BY_POWER)) {
      found.push(
        finding(window, {
          code: 'power_throttling',
          severity: 'info',
          subject: gpu.id,
          text: `${nameOf(gpu)} slows down at the limit of its power. ${clocks(capped)}. A higher power limit, where the card allows it, makes it faster.`,
          numbers: numbers(capped),
        }),
      );
    }
    return found;
  });
}
