/** Ticks and figures of the charts' axes. */
import { amount, bytes, clock, day, percent } from '../lib/format.js';

/** @typedef {import('./plots.js').Unit} Unit */

/**
 * @param {number | null | undefined} value
 * @param {Unit} unit
 */
export function figure(value, unit) {
  switch (unit) {
    case 'percent':
      return percent(value);
    case 'bytes':
      return bytes(value);
    case 'celsius':
      return amount(value, '°C');
    case 'watt':
      return amount(value, 'W');
    default:
      return String(value);
  }
}

/** Steps of bytes that are round for people who count in KiB, MiB, GiB: 1, 2, 4, … 512 of each. */
export const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

const DAY_S = 86_400;
/** Steps of a time axis, seconds. */
export const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200],
  ...[DAY_S, 2 * DAY_S, 3 * DAY_S, 4 * DAY_S, 7 * DAY_S],
];

/**
 * Local times where an axis is divided: on the round minute, hour or midnight of where the reader is.
 * @param {number} from seconds since 1970
 * @param {number} to
 * @param {number} step seconds
 * @param {(seconds: number) => number} [offsetOf] seconds that local time is ahead of UTC
 */
export function timeSplits(from, to, step, offsetOf = localOffset) {
  const splits = [];
  // Only steps of an hour and more depend on where the reader is; a change to summer time moves the later ones.
  for (let local = Math.ceil((from + offsetOf(from)) / step) * step; ; local += step) {
    const time = local - offsetOf(local - offsetOf(from));
    if (time > to) return splits;
    if (time >= from) splits.push(time);
  }
}

/** @param {number} seconds */
function localOffset(seconds) {
  return -60 * new Date(seconds * 1000).getTimezoneOffset();
}

/**
 * @param {readonly number[]} splits seconds
 * @param {number} step seconds
 * @returns {string[]}
 */
export function timeLabels(splits, step) {
  return splits.map((time, i) => {
    const text = clock(time, step < 60);
    if (step >= DAY_S) return day(time);
    const before = splits[i - 1];
    const isNewDay = step >= 3600 && (before === undefined ? text === '00:00' : day(before) !== day(time));
    return isNewDay ? day(time) : text;
  });
}

/**
 * What a chart says in one sentence: the latest, the least and the most.
 * @param {string} label
 * @param {readonly (number | null)[]} values
 * @param {Unit} unit
 */
export function summary(label, values, unit) {
  let least = Infinity;
  let most = -Infinity;
  let latest = null;
  for (const value of values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    latest = value;
  }
  if (latest === null) return `${label}: nothing measured`;
  return `${label}: latest ${figure(latest, unit)}, least ${figure(least, unit)}, most ${figure(most, unit)}`;
}
