/** Figures and times for people. What is not known is a dash, never 0. */

export const NOTHING = '–';
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** @typedef {number | null | undefined} Figure */

/**
 * `1536` → `1.5 KiB`.
 * @param {Figure} bytes
 */
export function bytes(bytes) {
  if (bytes === null || bytes === undefined) return NOTHING;
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : trim(value)} ${UNITS[unit]}`;
}

/** @param {number} value one digit after the point, none where it is 0 */
function trim(value) {
  return value.toFixed(1).replace(/\.0$/, '');
}

/** @param {Figure} value 0–100 and above */
export function percent(value) {
  if (value === null || value === undefined) return NOTHING;
  return `${value > 0 && value < 9.95 ? trim(value) : Math.round(value)} %`;
}

/** @param {Figure} value 0–1 */
export function share(value) {
  return percent(value === null || value === undefined ? value : value * 100);
}

/**
 * @param {Figure} value
 * @param {string} unit
 */
export function amount(value, unit) {
  if (value === null || value === undefined) return NOTHING;
  return `${Math.abs(value) < 10 ? trim(value) : Math.round(value)} ${unit}`;
}

/** @param {Figure} ms milliseconds */
export function duration(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms < 10) return `${trim(ms)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {Figure} seconds → `42 s`, `3 min 12 s`, `5 h 2 min`, `2 d 3 h` */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, '0');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Local time of day.
 * @param {number} seconds since 1970
 * @param {boolean} [withSeconds]
 */
export function clock(seconds, withSeconds = true) {
  const date = new Date(seconds * 1000);
  const short = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${short}:${two(date.getSeconds())}` : short;
}

/** @param {number} seconds since 1970 → `3 Nov` */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
}

/**
 * Time of day, with the day where it is not the day of `now`.
 * @param {number} seconds
 * @param {number} now seconds
 */
export function moment(seconds, now) {
  return day(seconds) === day(now) ? clock(seconds) : `${day(seconds)}, ${clock(seconds)}`;
}

/**
 * What may be years ago: `14:05` of today, else `3 Nov`, else `3 Nov 2025`.
 * @param {number} seconds since 1970
 * @param {number} now seconds
 */
export function longAgo(seconds, now) {
  const [date, today] = [new Date(seconds * 1000), new Date(now * 1000)];
  if (date.toDateString() === today.toDateString()) return clock(seconds, false);
  return date.getFullYear() === today.getFullYear() ? day(seconds) : `${day(seconds)} ${date.getFullYear()}`;
}

/** @param {string} iso ISO 8601 → seconds since 1970 */
export function secondsOf(iso) {
  return Date.parse(iso) / 1000;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** @param {string} code `out_of_distribution` → `out of distribution` */
export function words(code) {
  return code.replaceAll('_', ' ');
}
