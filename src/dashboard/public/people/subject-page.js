/** One person: the faces, the name, the fields, another person to become one with, and the end. */
import { h, say, setText } from '../lib/dom.js';
import { longAgo, plural, secondsOf } from '../lib/format.js';
import { ApiError, isAbort, sentence } from '../lib/problem.js';
import { confirm } from '../versions/confirm.js';
import { changeSubject, deleteSubject, readSubject } from './client.js';
import { nameFault, tidyName } from './drop-plan.js';
import { createFaces } from './faces.js';
import { createMetadataForm } from './metadata-form.js';
import { createNameForm } from './name-form.js';

/** @import { Metadata, PeopleStatus, Subject } from '../../../contract/people.ts' */

/**
 * @param {{
 *   kept: () => PeopleStatus['store_images'],
 *   onBack: (name: string) => void,
 *   onRenamed: (name: string) => void,
 *   onChange: () => void,
 * }} options onBack: to the list, where it was; onRenamed: it is called so now
 */
export function createSubjectPage({ kept, onBack, onRenamed, onChange }) {
  const title = h('h2', { id: 'subject-title', tabindex: '-1' });
  const facts = h('p', { class: 'muted small' });
  const note = h('p', { class: 'note', hidden: true });
  let collection = '';
  /** @type {Subject | null} */
  let shown = null;
  let reading = new AbortController();

  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
    if (text !== '') say(text);
  };
  const faces = createFaces({
    kept,
    tell,
    onDeleted() {
      title.focus();
      void read();
      onChange();
    },
  });
  const fields = createMetadataForm({ onSave: (metadata) => saveFields(metadata) });
  const rename = createNameForm({
    id: 'rename',
    label: 'Name',
    button: 'Rename',
    onName: (name) => void renameTo(name),
  });
  const merge = createNameForm({
    id: 'merge',
    label: 'Is the same person as',
    button: 'Merge into that one …',
    suggest: () => collection,
    onName: (name) => void mergeInto(name),
  });

  /** @param {Subject} subject */
  const show = (subject) => {
    shown = subject;
    setText(title, subject.subject);
    const now = Date.now() / 1000;
    const [added, changed] = [subject.created_at, subject.updated_at].map((iso) => longAgo(secondsOf(iso), now));
    setText(facts, `${plural(subject.faces, 'face')} · added ${added} · changed ${changed} · id ${subject.id}`);
    fields.update(subject.metadata);
  };
  /**
   * @param {{ subject?: string, merge?: boolean, metadata?: Metadata }} wish
   * @param {string} done
   */
  const apply = async (wish, done) => {
    const old = shown?.subject ?? '';
    const subject = await changeSubject(collection, old, wish);
    show(subject);
    tell(done);
    onChange();
    if (subject.subject === old) return;
    rename.set(subject.subject);
    merge.set('');
    onRenamed(subject.subject);
    await readFaces();
  };
  const saveFields = async (/** @type {Metadata} */ metadata) => {
    try {
      await apply({ metadata }, 'The fields are saved.');
      return true;
    } catch (error) {
      tell(`Nothing was changed. ${sentence(error)}`, 'error');
      return false;
    }
  };
  const renameTo = async (/** @type {string} */ raw) => {
    const name = tidyName(raw);
    const old = shown?.subject;
    if (old === undefined || name === old) return;
    const fault = nameFault(name);
    if (fault !== '') return tell(fault, 'error');
    try {
      await apply({ subject: name }, `${old} is called ${name} now.`);
    } catch (error) {
      // Whether the two are one is for people to say.
      if (error instanceof ApiError && error.code === 'conflict') await mergeInto(name);
      else tell(`Nothing was changed. ${sentence(error)}`, 'error');
    }
  };
  const mergeInto = async (/** @type {string} */ raw) => {
    const name = tidyName(raw);
    if (shown === null) return;
    const { subject: old, faces: count } = shown;
    const fault = name === old ? `${name} is this person.` : nameFault(name);
    if (fault !== '') return tell(fault, 'error');
    try {
      const other = await readSubject(collection, name, { signal: reading.signal, byHand: true });
      const isSure = await confirm({
        title: `Merge ${old} into ${name}?`,
        text: `${name} is there with ${plural(other.faces, 'face')}. The ${plural(count, 'face')} of ${old} are added, and ${old} is no more. Where both have the same field, that of ${name} stays. This cannot be taken apart again.`,
        yes: 'Merge',
      });
      if (isSure) await apply({ subject: name, merge: true }, `${old} and ${name} are one person now.`);
    } catch (error) {
      if (isAbort(error)) return;
      const isNobody = error instanceof ApiError && error.code === 'not_found';
      tell(isNobody ? `There is nobody called ${name} in this collection.` : sentence(error), 'error');
    }
  };
  const remove = async () => {
    if (shown === null) return;
    const { subject: name, faces: count } = shown;
    const isSure = await confirm({
      title: `Delete ${name}?`,
      text: `${plural(count, 'face')}, the fields, and what is kept of the pictures are deleted from this server, with every trace. This cannot be taken back.`,
      yes: 'Delete this person',
    });
    if (!isSure) return;
    try {
      await deleteSubject(collection, name);
      say(`${name} is deleted.`);
      onChange();
      onBack(name);
    } catch (error) {
      tell(`Nothing was deleted. ${sentence(error)}`, 'error');
    }
  };
  const readFaces = async () => {
    if (shown === null) return;
    await faces.read(collection, shown.subject);
  };
  /** Anew, as the server has it. */
  const read = async () => {
    if (shown === null) return;
    reading.abort();
    const mine = new AbortController();
    reading = mine;
    try {
      const subject = await readSubject(collection, shown.subject, { signal: mine.signal });
      if (mine.signal.aborted) return;
      show(subject);
      await readFaces();
    } catch (error) {
      if (isAbort(error) || mine.signal.aborted) return;
      const isGone = error instanceof ApiError && error.code === 'not_found';
      tell(isGone ? `${shown.subject} is not there any more.` : sentence(error), 'error');
    }
  };

  const element = h(
    'section',
    { class: 'card stack subject', 'aria-labelledby': 'subject-title', hidden: true },
    h('div', {}, h('button', { type: 'button', text: '← All people', onclick: () => onBack(shown?.subject ?? '') })),
    h(
      'div',
      { class: 'row spread' },
      title,
      h('button', { type: 'button', text: 'Delete this person', onclick: () => void remove() }),
    ),
    facts,
    note,
    faces.element,
    h('div', { class: 'subject-forms' }, fields.element, h('div', { class: 'stack' }, rename.element, merge.element)),
  );
  return {
    element,
    name: () => (element.hidden ? null : (shown?.subject ?? null)),
    /** @param {string} from the collection @param {Subject} subject */
    open(from, subject) {
      collection = from;
      element.hidden = false;
      tell('');
      fields.shut();
      rename.set(subject.subject);
      merge.set('');
      show(subject);
      title.focus();
      void read();
    },
    close() {
      element.hidden = true;
      shown = null;
      reading.abort();
      faces.stop();
    },
    read,
    stop: () => faces.stop(),
  };
}
