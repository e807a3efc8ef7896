/** The tab "People": collections, who is in them, adding more, and trying a picture against them. */
import { h, say, setText } from '../lib/dom.js';
import { askForKey } from '../lib/key.js';
import { createPoll } from '../lib/poll.js';
import { ApiError, isAbort, sentence } from '../lib/problem.js';
import { createAdder } from './adder.js';
import { enrol, readStatus } from './client.js';
import { createCollections } from './collections.js';
import { takeDrops } from './drop-zone.js';
import { createEnrolList } from './enrol-list.js';
import { createQueue } from './enrol-queue.js';
import { stateNote, statusLine } from './status-words.js';
import { createSubjectList } from './subject-list.js';
import { createSubjectPage } from './subject-page.js';
import { createTry } from './try.js';

/** @import { PeopleStatus, Subject } from '../../../contract/people.ts' */

const PERIOD_MS = 4000;

/**
 * @param {HTMLElement} panel
 * @param {{ onConnection: (ok: boolean) => void }} options
 */
export function createPeople(panel, { onConnection }) {
  const line = h('p', { class: 'muted' });
  const note = h('p', { class: 'note', hidden: true });
  const key = h('button', { type: 'button', class: 'start', text: 'Give another key', hidden: true });
  /** @type {PeopleStatus | null} */
  let status = null;
  /** What the list was read at: it is read again when that changes. */
  let seen = '';

  const collections = createCollections({
    onChoose(name) {
      list.setCollection(name);
      toList(null);
      trial.reset();
      refresh();
    },
    onChange: () => refresh(),
  });
  const list = createSubjectList({
    onOpen: (subject) => open(subject),
    onDrop: (subject, files) => adder.giveTo(subject, files),
    onProblem: (error) => adder.warn(`The drop cannot be read: ${sentence(error)}`),
  });
  const page = createSubjectPage({
    kept: () => status?.store_images ?? 'never',
    onBack: (name) => toList(name),
    onRenamed: (name) => adder.setSubject(name),
    onChange: () => refresh(),
  });
  const adder = createAdder({ collection: collections.chosen, onAdd: (wishes) => give(wishes) });
  const enrolments = createEnrolList({ onOver: () => refresh(true) });
  const queue = createQueue({
    enrol: ({ file, ...wish }, options) => enrol({ ...wish, picture: file }, options),
    onChange: () => enrolments.update(),
  });
  enrolments.setQueue(queue);
  takeDrops(page.element, {
    onFiles: (files) => adder.giveTo(page.name() ?? '', files),
    onProblem: (error) => adder.warn(`The drop cannot be read: ${sentence(error)}`),
  });
  const trial = createTry({ collection: collections.chosen, minMargin: () => status?.min_margin ?? 0 });
  const parts = h(
    'div',
    { class: 'stack', hidden: true },
    collections.element,
    h(
      'div',
      { class: 'people-parts' },
      h('div', { class: 'stack' }, list.element, page.element),
      h('div', { class: 'stack' }, adder.element, enrolments.element),
    ),
    trial.element,
  );

  // Before those that it is for: a row that takes a drop keeps it to itself.
  for (const type of ['click', 'input', 'change', 'drop'])
    parts.addEventListener(type, () => collections.touch(), { capture: true });

  /** @param {import('./adder.js').Wish[]} wishes */
  const give = (wishes) => {
    const collection = collections.chosen();
    queue.add(wishes.map((wish) => ({ ...wish, collection })));
    say(`${wishes.length} pictures are added.`);
  };
  /** @param {Subject} subject */
  const open = (subject) => {
    list.element.hidden = true;
    adder.setSubject(subject.subject);
    page.open(collections.chosen(), subject);
  };
  /** @param {string | null} focusOn the person to go back to; null: the focus stays */
  const toList = (focusOn) => {
    const wasOpen = page.name() !== null;
    page.close();
    list.element.hidden = false;
    adder.setSubject(null);
    if (!wasOpen || focusOn === null) return;
    list.focusOn(focusOn);
    list.read().then(() => list.focusOn(focusOn), fail);
  };
  /** Reads what is looked at anew. @param {boolean} [withPage] the person that is shown too */
  const refresh = (withPage = false) => {
    seen = '';
    if (withPage && page.name() !== null) page.read();
    poll.now();
  };
  /** @param {unknown} error */
  const fail = (error) => {
    if (isAbort(error)) return;
    const isKey = error instanceof ApiError && (error.status === 401 || error.status === 403);
    note.hidden = false;
    note.dataset['tone'] = 'error';
    setText(note, sentence(error));
    key.hidden = !isKey;
  };
  /** @param {PeopleStatus} now */
  const show = (now) => {
    status = now;
    const isUsable = now.state === 'ready' || now.state === 'empty';
    const told = stateNote(now);
    note.hidden = told === null;
    note.dataset['tone'] = told?.tone ?? '';
    setText(note, told?.text ?? '');
    key.hidden = true;
    setText(line, isUsable ? statusLine(now) : '');
    line.hidden = !isUsable;
    // Shown when there is something to show.
    if (!isUsable) parts.hidden = true;
    return isUsable;
  };
  const poll = createPoll(PERIOD_MS, async (signal) => {
    try {
      const now = await readStatus(signal);
      onConnection(true);
      // Something was changed meanwhile: the next round reads it.
      if (signal.aborted) return undefined;
      if (!show(now)) return true;
      collections.setErasing(now.erasing);
      const counts = `${now.collections} ${now.subjects} ${now.faces} ${collections.chosen()}`;
      if (counts !== seen || parts.hidden) {
        await collections.read(signal);
        await list.read();
        if (signal.aborted) return undefined;
        seen = counts;
      }
      parts.hidden = false;
      return true;
    } catch (error) {
      if (isAbort(error)) return undefined;
      onConnection(!(error instanceof ApiError && error.status === 0));
      fail(error);
      return false;
    }
  });
  key.addEventListener('click', () => {
    void askForKey({ reason: 'This tab needs a key of the scopes people:read, people:write and infer.', byHand: true });
  });
  panel.append(
    h(
      'div',
      { class: 'stack' },
      h('div', { class: 'stack tight' }, h('h2', { text: 'People' }), line),
      note,
      key,
      parts,
    ),
  );
  return {
    show() {
      poll.start();
      if (page.name() !== null) page.read();
    },
    /** What is being sent goes on. */
    hide() {
      poll.stop();
      list.stop();
      page.stop();
      trial.hide();
    },
  };
}
