/** The strip of events above the charts: a mark for each, with its text on hover and focus. */
import { fill, h } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { severityLook } from '../lib/states.js';
import { timeLabels, timeSplits, TIME_STEPS } from './axes.js';
import { markLines, marksOf } from './marks.js';

/** @import { StoredEvent } from '../../../contract/history.ts' */
/** @typedef {import('./marks.js').Mark} Mark */

/** Marks nearer than this could not be hit one by one, pixels. */
const NEAR_PX = 22;
const LABEL_PX = 90;

/** @param {(mark: Mark | null) => void} onHighlight */
export function createLane(onHighlight) {
  const track = h('div', { class: 'lane-track' });
  const axis = h('div', { class: 'lane-axis number', 'aria-hidden': 'true' });
  const tip = h('div', { class: 'tip', role: 'tooltip', id: 'lane-tip', hidden: true });
  const empty = h('p', { class: 'muted small', text: 'No events in this range.' });
  const element = h(
    'section',
    { class: 'lane', 'aria-label': 'Events on the time axis' },
    h('div', { class: 'lane-body' }, track, axis, tip),
    empty,
  );
  let drawn = '';

  /** @param {Mark} mark @param {HTMLElement} button @param {number} to */
  const open = (mark, button, to) => {
    fill(tip, ...markLines(mark, to).map((text) => h('p', { text })));
    tip.hidden = false;
    button.setAttribute('aria-describedby', tip.id);
    const most = Math.max(0, element.clientWidth - tip.offsetWidth);
    tip.style.left = `${Math.min(most, Math.max(0, button.offsetLeft - 12))}px`;
    onHighlight(mark);
  };
  const close = () => {
    tip.hidden = true;
    onHighlight(null);
  };
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });

  return {
    element,
    /**
     * @param {readonly StoredEvent[]} events oldest first
     * @param {number} from seconds since 1970
     * @param {number} to
     */
    update(events, from, to) {
      const width = track.clientWidth || 1;
      const span = Math.max(1e-3, to - from);
      const marks = marksOf(events, from, to, (NEAR_PX / width) * span);
      empty.hidden = marks.length > 0;
      drawAxis(axis, from, to, width);
      const key = marks.map((mark) => mark.events.map(({ id }) => id).join()).join(';');
      // The same marks only move: a button that has the focus stays.
      if (key !== drawn) {
        drawn = key;
        close();
        fill(track, ...marks.map((mark) => markButton(mark, to, open, close)));
      }
      marks.forEach((mark, i) => {
        const button = track.children[i];
        if (button instanceof HTMLElement) button.style.left = `${((mark.t - from) / span) * 100}%`;
      });
    },
  };
}

/**
 * @param {Mark} mark
 * @param {number} to
 * @param {(mark: Mark, button: HTMLElement, to: number) => void} open
 * @param {() => void} close
 */
function markButton(mark, to, open, close) {
  const look = severityLook(mark.severity);
  const { events } = mark;
  const name =
    events.length === 1 ? `${look.word}: ${events[0]?.text}` : `${plural(events.length, 'event')}, ${look.word}`;
  const button = h(
    'button',
    {
      type: 'button',
      class: 'mark',
      'data-tone': look.tone,
      'data-types': events.map(({ type }) => type).join(' '),
      'aria-label': name,
    },
    events.length === 1 ? look.sign : events.length,
  );
  for (const type of ['mouseenter', 'focus', 'click']) button.addEventListener(type, () => open(mark, button, to));
  button.addEventListener('mouseleave', close);
  button.addEventListener('blur', close);
  return button;
}

/**
 * @param {HTMLElement} axis
 * @param {number} from
 * @param {number} to
 * @param {number} width
 */
function drawAxis(axis, from, to, width) {
  const span = to - from;
  const step = TIME_STEPS.find((each) => (span / each) * LABEL_PX <= width) ?? TIME_STEPS.at(-1) ?? 1;
  const splits = timeSplits(from, to, step);
  const labels = timeLabels(splits, step);
  fill(
    axis,
    ...splits.map((time, i) => {
      const label = h('span', { text: labels[i] });
      label.style.left = `${((time - from) / span) * 100}%`;
      return label;
    }),
  );
}
