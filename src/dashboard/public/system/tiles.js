/** The state of now: the driver in plain words, a tile for each device, what is nearly full, and the history itself. */
import { fill, h } from '../lib/dom.js';
import { amount, bytes, moment, NOTHING, percent, secondsOf, words } from '../lib/format.js';

/** @import { GpuAnswer } from '../../../contract/history.ts' */
/** @typedef {{ label: string, value: string, ratio: number | null }} Reading */
/** @typedef {{ id: string, title: string, state: string, tone: string, readings: Reading[], more: string }} Tile */

const MIB = 2 ** 20;

/**
 * @param {GpuAnswer} answer
 * @returns {Tile[]}
 */
export function tilesOf({ host, gpus }) {
  /** @type {Tile[]} */
  const tiles = [];
  if (host !== null) {
    const load = host.load1 === null ? '' : `load ${host.load1.toFixed(2)}`;
    const swap = host.swap_used === null || host.swap_used < MIB ? '' : `${bytes(host.swap_used)} swapped out`;
    tiles.push({
      id: 'cpu',
      title: `CPU, ${amount(host.cores, host.cores === 1 ? 'core' : 'cores')}`,
      state: '',
      tone: 'plain',
      readings: [
        { label: 'Utilisation', value: percent(host.cpu_util), ratio: ratioOf(host.cpu_util, 100) },
        memoryReading(host.memory_used, host.memory_total),
        ...budgetReading(host),
      ],
      more: [load, swap].filter((part) => part !== '').join(' · '),
    });
  }
  for (const gpu of gpus) {
    const throttle =
      gpu.throttle === null || gpu.throttle.length === 0 ? '' : `slowed down: ${gpu.throttle.map(words).join(', ')}`;
    const clock = gpu.sm_clock === null ? '' : amount(gpu.sm_clock, 'MHz');
    const power =
      gpu.power_limit === null
        ? amount(gpu.power_draw, 'W')
        : `${amount(gpu.power_draw, 'W')} of ${amount(gpu.power_limit, 'W')}`;
    tiles.push({
      id: gpu.id,
      title: `GPU ${gpu.index}${gpu.parent_uuid === null ? '' : ' (MIG)'}: ${gpu.name ?? 'without a name'}`,
      state: gpu.state === 'ok' ? '● OK' : `✕ ${words(gpu.state)}: ${gpu.detail}`,
      tone: gpu.state === 'ok' ? 'good' : 'error',
      readings: [
        { label: 'Utilisation', value: percent(gpu.gpu_util), ratio: ratioOf(gpu.gpu_util, 100) },
        memoryReading(gpu.memory_used, gpu.memory_total),
        ...budgetReading(gpu),
        { label: 'Temperature', value: amount(gpu.temperature, '°C'), ratio: ratioOf(gpu.temperature, 100) },
        { label: 'Power', value: power, ratio: ratioOf(gpu.power_draw, gpu.power_limit) },
      ],
      more: [clock, throttle].filter((part) => part !== '').join(' · '),
    });
  }
  return tiles;
}

/** @param {number | null} used @param {number | null} total @returns {Reading} */
function memoryReading(used, total) {
  const value = total === null ? bytes(used) : `${bytes(used)} of ${bytes(total)}`;
  return { label: 'Memory', value, ratio: ratioOf(used, total) };
}

/** @param {{ reserved: number | null, budget: number | null }} device @returns {Reading[]} */
function budgetReading({ reserved, budget }) {
  // No model is on it.
  if (reserved === null && budget === null) return [];
  const value = budget === null ? bytes(reserved) : `${bytes(reserved)} of ${bytes(budget)}`;
  return [{ label: 'For models', value, ratio: ratioOf(reserved, budget) }];
}

/** @param {number | null} value @param {number | null} whole */
function ratioOf(value, whole) {
  return value === null || whole === null || whole <= 0 ? null : Math.min(1, Math.max(0, value / whole));
}

/**
 * What there is to say about the driver and the history besides figures.
 * @param {GpuAnswer} answer
 * @returns {{ tone: '' | 'warning' | 'error', text: string }[]}
 */
export function notesOf({ driver, gpus, warnings, history }) {
  /** @type {{ tone: '' | 'warning' | 'error', text: string }[]} */
  const notes = warnings.map((text) => ({ tone: 'warning', text }));
  const isBroken = ['error', 'mismatch', 'no_permission'].includes(driver.state);
  if (driver.state !== 'ok') notes.push({ tone: isBroken ? 'error' : '', text: sentenceOf(driver.detail) });
  else if (gpus.length === 0) notes.push({ tone: '', text: driver.detail || 'An NVIDIA driver is there, but no GPU.' });
  if (history.state === 'failing' || history.state === 'memory_only')
    notes.push({ tone: 'warning', text: sentenceOf(history.detail) });
  return notes;
}

/** @param {string} text */
function sentenceOf(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) || text === '' ? '' : '.');
}

export function createTiles() {
  const notes = h('div', { class: 'stack notes' });
  const tiles = h('div', { class: 'tiles' });
  const footer = h('p', { class: 'muted small' });
  const element = h(
    'section',
    { class: 'stack', 'aria-labelledby': 'now-title' },
    h('h2', { id: 'now-title', text: 'Now' }),
    notes,
    tiles,
    footer,
  );
  let drawnNotes = '';
  return {
    element,
    /** @param {GpuAnswer} answer */
    update(answer) {
      const wanted = notesOf(answer).filter(({ text }) => text !== '');
      if (JSON.stringify(wanted) !== drawnNotes) {
        drawnNotes = JSON.stringify(wanted);
        fill(notes, ...wanted.map(({ tone, text }) => h('p', { class: 'note', 'data-tone': tone, text })));
      }
      fill(tiles, ...tilesOf(answer).map(tileElement));
      const { version } = answer.driver;
      const { bytes: size, oldest } = answer.history;
      footer.textContent = [
        version === null ? '' : `NVIDIA driver ${version}`,
        size === null
          ? ''
          : `history on disk: ${bytes(size)}${oldest === null ? '' : `, since ${moment(secondsOf(oldest), Date.now() / 1000)}`}`,
      ]
        .filter((part) => part !== '')
        .join(' · ');
    },
  };
}

/** @param {Tile} tile */
function tileElement({ title, state, tone, readings, more }) {
  return h(
    'article',
    { class: 'card tile' },
    h('h3', { text: title }),
    state === '' ? null : h('p', { class: 'pill wrap', 'data-tone': tone, text: state }),
    h(
      'dl',
      { class: 'readings' },
      ...readings.map(({ label, value, ratio }) => {
        const meter = h('span', { class: 'meter', 'data-high': ratio !== null && ratio > 0.9 });
        meter.style.setProperty('--ratio', String(ratio ?? 0));
        return h(
          'div',
          {},
          h('dt', { text: label }),
          h(
            'dd',
            {},
            h('span', { class: 'number', text: value === NOTHING ? 'not reported' : value }),
            ratio === null ? null : meter,
          ),
        );
      }),
    ),
    more === '' ? null : h('p', { class: 'muted small', text: more }),
  );
}
