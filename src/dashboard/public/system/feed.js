/** Brings the figures: a range of history, then what is new, second by second. Survives a server that goes and comes. */
import { callJson } from '../lib/api.js';
import { createPoll } from '../lib/poll.js';
import { isAbort } from '../lib/problem.js';
import { append, fromAnswer } from './history-data.js';

/** @import { GpuAnswer, HistoryAnswer, StoredEvent } from '../../../contract/history.ts' */
/** @typedef {import('./history-data.js').Data} Data */
/** @typedef {{ name: string, label: string, seconds: number, step: string, live: boolean }} Range */

/** `live`: what is new is added each second; else the range is asked for again each minute. */
export const RANGES = /** @type {const} */ ([
  { name: '5m', label: '5 min', seconds: 300, step: '1', live: true },
  { name: '1h', label: '1 h', seconds: 3600, step: 'auto', live: true },
  { name: '24h', label: '24 h', seconds: 86_400, step: 'auto', live: false },
  { name: '7d', label: '7 d', seconds: 604_800, step: 'auto', live: false },
]);
const SECOND_MS = 1000;
const AGAIN_MS = 60_000;

/**
 * @param {{
 *   onData: (data: Data) => void,
 *   onReading: (answer: GpuAnswer) => void,
 *   onError: (error: unknown) => void,
 * }} handlers
 */
export function createFeed({ onData, onReading, onError }) {
  /** @type {Range} */
  let range = RANGES[0];
  /** @type {{ from: number, to: number } | null} */
  let zoom = null;
  /** @type {Data | null} */
  let data = null;
  let loadedAt = 0;
  let sampleS = 1;
  let isLost = false;

  /** @param {AbortSignal} signal */
  const load = async (signal) => {
    // Relative times are the server's: the clocks of two machines may differ.
    const times =
      zoom === null ? `from=-${range.name}&to=now` : `from=${zoom.from.toFixed(3)}&to=${zoom.to.toFixed(3)}`;
    const step = zoom === null ? range.step : 'auto';
    /** @type {HistoryAnswer} */
    const answer = await callJson(`v1/history?${times}&step=${step}&workers=true&events=true`, { signal });
    loadedAt = performance.now();
    data = fromAnswer(answer);
    onData(data);
  };

  const poll = createPoll(SECOND_MS, async (signal) => {
    try {
      const isOld = zoom === null && !range.live && performance.now() - loadedAt > AGAIN_MS;
      if (data === null || isOld || isLost) await load(signal);
      /** @type {GpuAnswer} */
      const answer = await callJson('v1/gpu', { signal });
      isLost = false;
      onReading(answer);
      if (data !== null && zoom === null && range.live && append(data, answer, range.seconds, sampleS)) {
        sampleS = typicalStep(data.t) ?? sampleS;
        onData(data);
      }
      return true;
    } catch (error) {
      if (isAbort(error)) return undefined;
      isLost = true;
      onError(error);
      return false;
    }
  });
  const reload = () => {
    data = null;
    poll.now();
  };
  return {
    /** @param {Range} next */
    setRange(next) {
      range = next;
      zoom = null;
      reload();
    },
    /** @param {{ from: number, to: number } | null} next null: back to the whole range */
    setZoom(next) {
      zoom = next;
      reload();
    },
    isZoomed: () => zoom !== null,
    range: () => range,
    /** @param {StoredEvent} event that has just come */
    addEvent(event) {
      if (data === null || zoom !== null || data.events.some(({ id }) => id === event.id)) return;
      data.events.push(event);
      onData(data);
    },
    start() {
      // What happened while nobody looked is in the history.
      data = null;
      poll.start();
    },
    stop: poll.stop,
  };
}

/**
 * Seconds between the newest readings.
 * @param {readonly number[]} t
 */
export function typicalStep(t) {
  const [a, b] = t.slice(-2);
  return a === undefined || b === undefined ? undefined : Math.min(5, Math.max(0.5, b - a));
}
