/** What became of every picture that was given: how far all are, what was refused and why, and the report of it. */
import { toCsv } from '../lib/csv.js';
import { downloadCsv, fileName } from '../lib/download.js';
import { h, say, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { countStates } from './enrol-queue.js';
import { tellError, warningsOf } from './enrol-words.js';
import { createEnrolRow } from './enrol-row.js';

/** @typedef {import('./enrol-queue.js').Item} Item */
/** @typedef {ReturnType<typeof import('./enrol-queue.js').createQueue>} Queue */

/** Of those that went well, the last ones are shown; of the others more, and all are in the report. */
const SHOWN_GOOD = 6;
const SHOWN_BAD = 200;
const HEADER = ['subject', 'file', 'result', 'code', 'reason', 'detail'];

/** @param {{ onOver: () => void }} handlers onOver: nothing is on its way any more */
export function createEnrolList({ onOver }) {
  const title = h('h2', { id: 'enrol-title', tabindex: '-1', text: 'Pictures that were given' });
  const all = h('progress', { max: 1, value: 0, 'aria-label': 'Pictures that are done' });
  const counts = h('p', { class: 'summary number' });
  const note = h('p', { class: 'note', hidden: true });
  const stop = h('button', { type: 'button', text: 'Stop', onclick: () => queue?.stop() });
  const goOn = h('button', { type: 'button', class: 'primary', text: 'Go on', onclick: () => queue?.goOn() });
  const drop = h('button', { type: 'button', text: 'Leave out the rest', onclick: () => queue?.dropWaiting() });
  const report = h('button', {
    type: 'button',
    text: 'Save the report',
    title: 'Every picture and how it ended, as CSV',
  });
  const clear = h('button', { type: 'button', class: 'quiet', text: 'Clear this list', onclick: () => queue?.clear() });
  const bad = h('ul', { class: 'enrolments' });
  const badTitle = h('h3', { id: 'enrol-bad', text: 'Need a look' });
  const badMore = h('p', { class: 'muted small' });
  const badPart = h(
    'section',
    { class: 'stack', 'aria-labelledby': 'enrol-bad', hidden: true },
    badTitle,
    bad,
    badMore,
  );
  const good = h('ul', { class: 'enrolments', 'aria-label': 'The last pictures' });
  const element = h(
    'section',
    { class: 'card stack enrol-list', 'aria-labelledby': 'enrol-title', hidden: true },
    title,
    all,
    counts,
    note,
    h('div', { class: 'row' }, stop, goOn, drop, report, clear),
    badPart,
    good,
  );
  /** @type {Queue | null} */
  let queue = null;
  /** @type {Map<Item, ReturnType<typeof createEnrolRow>>} */
  const rows = new Map();
  let frame = 0;
  let wasHeld = false;
  /** How many had ended when it was last told: all may be over before anything is drawn. */
  let toldEnded = 0;

  const draw = () => {
    frame = 0;
    if (queue === null) return;
    const items = queue.items();
    const count = countStates(items);
    const done = items.length - count.waiting - count.sending;
    const halt = queue.halted();
    const isHeld = halt !== null && count.waiting > 0;
    element.hidden = items.length === 0;
    all.value = items.length === 0 ? 0 : done / items.length;
    setText(counts, countWords(count, items.length));
    stop.hidden = !queue.isBusy();
    goOn.hidden = !isHeld;
    drop.hidden = !isHeld;
    report.hidden = done === 0;
    clear.hidden = queue.isBusy() || done === 0;
    note.hidden = !isHeld;
    note.dataset['tone'] = halt?.error === null ? '' : 'error';
    setText(note, isHeld ? haltWords(halt.error, count.waiting) : '');
    drawRows(items);
    tellChanges(isHeld);
  };
  /** @param {readonly Item[]} items */
  const drawRows = (items) => {
    const isBad = (/** @type {Item} */ item) =>
      item.state === 'refused' || item.state === 'failed' || warningsOf(item).length > 0;
    const troubled = items.filter(isBad);
    const moving = items.filter(({ state }) => state === 'sending');
    const fine = items.filter((item) => (item.state === 'enrolled' || item.state === 'known') && !isBad(item));
    badPart.hidden = troubled.length === 0;
    setText(badMore, troubled.length > SHOWN_BAD ? `${troubled.length - SHOWN_BAD} more are in the report.` : '');
    place(bad, troubled.slice(0, SHOWN_BAD));
    place(good, [...moving, ...fine.slice(-SHOWN_GOOD).reverse()]);
    const shown = new Set([...bad.children, ...good.children]);
    for (const [item, row] of rows) {
      if (shown.has(row.element)) continue;
      row.free();
      rows.delete(item);
    }
  };
  /** @param {Element} list @param {readonly Item[]} items */
  const place = (list, items) => {
    items.forEach((item, i) => {
      let row = rows.get(item);
      if (row === undefined) {
        row = createEnrolRow(item, (options) => {
          // The row goes to the other list, and its button with it.
          title.focus();
          queue?.again(item, options);
        });
        rows.set(item, row);
      }
      row.update();
      // Moved only where it has to be: moving takes the focus away.
      if (list.children[i] !== row.element) list.insertBefore(row.element, list.children[i] ?? null);
    });
    while (list.childElementCount > items.length) list.lastElementChild?.remove();
  };
  /** @param {boolean} isHeld */
  const tellChanges = (isHeld) => {
    if (isHeld && !wasHeld) say(note.textContent);
    wasHeld = isHeld;
    if (queue === null || queue.isBusy() || queue.ended() === toldEnded) return;
    toldEnded = queue.ended();
    if (!isHeld) say(`Done. ${counts.textContent}`);
    onOver();
  };
  report.addEventListener('click', () => {
    const items = queue?.items() ?? [];
    downloadCsv(fileName('people', 'csv'), toCsv(HEADER, items.flatMap(reportLines)));
  });
  return {
    element,
    /** @param {Queue} shown */
    setQueue(shown) {
      queue = shown;
    },
    /** Soon: many changes are drawn once. */
    update() {
      if (frame === 0) frame = requestAnimationFrame(draw);
    },
  };
}

/** @param {ReturnType<typeof countStates>} count @param {number} total */
function countWords({ enrolled, known, refused, failed, warned, waiting, sending }, total) {
  const done = total - waiting - sending;
  const parts = /** @type {const} */ ([
    [enrolled, 'enrolled'],
    [known, 'enrolled before'],
    [refused, 'refused'],
    [failed, 'failed'],
    [warned, 'with a warning'],
  ]);
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const far = done === total ? plural(total, 'picture') : `${done} of ${plural(total, 'picture')}`;
  return told.length === 0 ? far : `${far}: ${told.join(', ')}.`;
}

/** @param {unknown} error @param {number} waiting */
function haltWords(error, waiting) {
  const rest = `${plural(waiting, 'picture')} ${waiting === 1 ? 'waits' : 'wait'}.`;
  return error === null ? `Stopped. ${rest}` : `${sentence(error)} ${rest}`;
}

/** @param {Item} item @returns {string[][]} one for each reason */
function reportLines(item) {
  const { subject, file, state, error } = item;
  const name = file.webkitRelativePath || file.name;
  const reasons =
    error === null ? warningsOf(item).map(({ code, detail }) => ({ code, why: '', detail })) : tellError(error);
  if (reasons.length === 0) return [[subject, name, state, '', '', '']];
  return reasons.map(({ code, why, detail }) => [subject, name, state, code, why, detail]);
}
