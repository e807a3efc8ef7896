/** Which range is shown, and what can be saved of it. */
import { h, setText } from '../lib/dom.js';

/** @typedef {import('./feed.js').Range} Range */

/**
 * @param {readonly Range[]} ranges
 * @param {{ onRange: (range: Range) => void, onReset: () => void, onCsv: () => void, onPng: () => void }} handlers
 */
export function createToolbar(ranges, { onRange, onReset, onCsv, onPng }) {
  const zoomed = h('span', { class: 'muted small number' });
  const reset = h('button', { type: 'button', text: 'Whole range', hidden: true, onclick: onReset });
  const choices = ranges.map((range, i) => {
    const input = h('input', {
      type: 'radio',
      name: 'range',
      value: range.name,
      checked: i === 0,
      class: 'hidden-text',
    });
    input.addEventListener('change', () => {
      setZoom('');
      onRange(range);
    });
    return h('label', { class: 'choice' }, input, h('span', { text: range.label }));
  });
  /** @param {string} text empty: not zoomed */
  const setZoom = (text) => {
    const hadFocus = document.activeElement === reset;
    reset.hidden = text === '';
    if (reset.hidden && hadFocus) element.querySelector('input')?.focus();
    setText(zoomed, text);
  };
  const element = h(
    'div',
    { class: 'card toolbar row spread' },
    h(
      'div',
      { class: 'row' },
      h('fieldset', { class: 'segments' }, h('legend', { class: 'hidden-text', text: 'Range' }), ...choices),
      zoomed,
      reset,
    ),
    h('p', { class: 'muted small hint', text: 'Drag over a chart to look closer.' }),
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', text: 'Save CSV', 'aria-label': 'Save all charts as CSV', onclick: onCsv }),
      h('button', { type: 'button', text: 'Save PNG', 'aria-label': 'Save all charts as PNG', onclick: onPng }),
    ),
  );
  return { element, setZoom };
}
