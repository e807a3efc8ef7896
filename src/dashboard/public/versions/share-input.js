/** A share of the traffic in steps of 0.1 %: a slider, and the same as a number. */
import { h } from '../lib/dom.js';
import { LEAST, MOST, toShare } from './share.js';

/** @param {{ id: string, label: string, value: number }} options */
export function createShareInput({ id, label, value }) {
  const bounds = { min: LEAST, max: MOST, step: 0.1 };
  const range = h('input', { type: 'range', ...bounds, 'aria-label': `${label}, slider` });
  const number = h('input', { type: 'number', id, ...bounds, required: true, inputmode: 'decimal' });
  const set = (/** @type {number} */ share) => {
    range.value = String(share);
    number.value = String(share);
  };
  set(value);
  range.addEventListener('input', () => {
    number.value = String(toShare(range.valueAsNumber));
  });
  number.addEventListener('input', () => {
    if (number.validity.valid) range.value = number.value;
  });
  const element = h(
    'div',
    { class: 'share' },
    h('label', { for: id, text: label }),
    h('div', { class: 'row' }, range, h('span', { class: 'unit' }, number, ' %')),
  );
  return {
    element,
    set,
    /** Null where what is written is no share; then the browser says so at the field. */
    read: () => (number.reportValidity() ? toShare(number.valueAsNumber) : null),
  };
}
