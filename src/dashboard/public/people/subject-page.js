/** One person: the faces, the name, the fields, another person to become one with, and the end. */
import { h, say, setText } from '../lib/dom.js';
import { longAgo, plural, secondsOf } from '../lib/format.js';
import { ApiError, isAbort, sentence } from '../lib/problem.js';
import { confirm } from '../versions/confirm.js';
import { changedWords, goneWords, isGone, MaybeDone, NOT_DONE, notSureWords } from './certainty.js';
import { ChangedMeanwhile, changeWords } from './changed-words.js';
import { changeSubject, deleteSubject, readSubject } from './client.js';
import { nameFault, tidyName } from './drop-plan.js';
import { createFaces } from './faces.js';
import { createMetadataForm } from './metadata-form.js';
import { createNameForm } from './name-form.js';
import { createShownSubject } from './shown-subject.js';

/** @import { PeopleStatus, Subject } from '../../../contract/people.ts' */
/** @import { Metadata } from '../../../contract/metadata.ts' */
/** @typedef {import('./certainty.js').Deed} Deed */

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
  /** Ends what is asked beside it when somebody else is shown. */
  let asking = new AbortController();
  /** Other than before when somebody else is shown, or nobody. */
  let visit = {};
  /** Something was asked for and has no answer yet: a second press does not run into the first. */
  let isActing = false;
  /** What was asked for here and may have been done, in words; '' where nothing is in doubt. */
  let doubt = '';

  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
    if (text === '') return;
    say(text);
    // What was pressed may be far below it.
    if (tone !== '') note.scrollIntoView({ block: 'nearest' });
  };
  const faces = createFaces({
    kept,
    tell,
    onDeleted(inDoubt) {
      if (inDoubt !== '') doubt = inDoubt;
      // Its button goes; who is elsewhere by now stays there.
      const at = document.activeElement;
      if (at === document.body || faces.element.contains(at)) title.focus();
      void person.reload();
      onChange();
    },
  });
  const fields = createMetadataForm({
    onSave: (metadata) => act('changed', (subject) => saveFields(subject, metadata)),
  });
  const rename = createNameForm({
    id: 'rename',
    label: 'Name',
    button: 'Rename',
    onName: (name) => void act('changed', (subject) => renameTo(subject, name)),
  });
  const merge = createNameForm({
    id: 'merge',
    label: 'Is the same person as',
    button: 'Merge into that one …',
    suggest: () => collection,
    onName: (name) => void act('merged', () => mergeInto(name)),
  });

  const person = createShownSubject({
    readSubject,
    changeSubject,
    deleteSubject,
    onShow(subject) {
      setText(title, subject.subject);
      const now = Date.now() / 1000;
      const [added, changed] = [subject.created_at, subject.updated_at].map((iso) => longAgo(secondsOf(iso), now));
      setText(facts, `${plural(subject.faces, 'face')} · added ${added} · changed ${changed} · id ${subject.id}`);
      fields.update(subject.metadata);
    },
    onRead: () => void readFaces(),
    onUnread(error, name) {
      const why = isGone(error) ? goneWords(name, doubt !== '') : sentence(error);
      tell(`${doubt} ${why}`.trim(), 'error');
    },
  });
  /**
   * @param {Deed} deed what it is to do
   * @param {(subject: Subject) => Promise<void>} work
   * @returns {Promise<boolean>} whether it did not throw
   */
  const act = async (deed, work) => {
    const subject = person.subject();
    if (isActing || subject === null) return false;
    const mine = visit;
    isActing = true;
    try {
      await work(subject);
      return true;
    } catch (error) {
      if (isAbort(error)) return false;
      if (error instanceof MaybeDone) await tellDoubt(deed, error, mine);
      else if (mine === visit) await tellFailure(NOT_DONE[deed], error, subject.subject);
      else say(`${subject.subject}: ${NOT_DONE[deed]} ${sentence(error)}`);
      return false;
    } finally {
      if (mine === visit) isActing = false;
    }
  };
  /**
   * @param {Subject} before
   * @param {Subject | null} now
   * @param {string} done
   */
  const tellDone = async (before, now, done) => {
    onChange();
    // Somebody else is looked at by now.
    if (now === null) return say(done);
    // What was asked for before it was about another state.
    doubt = '';
    tell(done);
    if (now.subject === before.subject) return;
    rename.set(now.subject);
    merge.set('');
    onRenamed(now.subject);
    await readFaces();
  };
  /**
   * Why something was not done; where somebody else was quicker, what is so now.
   * @param {string} failed @param {unknown} error @param {string} name
   */
  const tellFailure = async (failed, error, name) => {
    const isInDoubt = doubt !== '';
    if (isGone(error)) return tell(`${doubt || failed} ${goneWords(name, isInDoubt)} ${sentence(error)}`, 'error');
    if (!(error instanceof ChangedMeanwhile)) return tell(`${failed} ${sentence(error)}`, 'error');
    const mine = visit;
    void person.reload();
    const now = await person.settled();
    // Why it cannot be read is told already.
    if (now === null || mine !== visit) return;
    const different = changeWords(error.seen, now.subject);
    const again = 'What you see is fresh, and what you typed is still there: try again if it is still right.';
    tell(`${failed} ${changedWords(name, isInDoubt)} ${different} ${again}`, 'error');
  };
  /**
   * Something may have been done: what is so now is read, here and by who shows the others.
   * @param {Deed} deed @param {MaybeDone} error @param {object} mine the visit that it was asked for in
   */
  const tellDoubt = async (deed, { seen, cause }, mine) => {
    const words = notSureWords(deed, seen.subject);
    const why = `${words} ${sentence(cause)}`;
    onChange();
    if (mine !== visit) return say(why);
    doubt = words;
    tell(why, 'error');
    void person.reload();
    const now = await person.settled();
    // Why it cannot be read is told already.
    if (now === null || mine !== visit) return;
    tell(`${why} What you see is fresh. ${changeWords(seen, now.subject)}`, 'error');
  };
  /** @param {Subject} subject @param {Metadata} metadata */
  const saveFields = async (subject, metadata) => {
    await tellDone(subject, await person.changeAsShown({ metadata }), 'The fields are saved.');
  };
  /** @param {Subject} subject @param {string} raw */
  const renameTo = async (subject, raw) => {
    const name = tidyName(raw);
    if (name === subject.subject) return;
    const fault = nameFault(name);
    if (fault !== '') return tell(fault, 'error');
    try {
      const now = await person.changeAsShown({ subject: name });
      await tellDone(subject, now, `${subject.subject} is called ${name} now.`);
    } catch (error) {
      // Whether the two are one is for people to say.
      if (!(error instanceof ApiError) || error.code !== 'conflict') throw error;
      await mergeInto(name);
    }
  };
  const mergeInto = async (/** @type {string} */ raw) => {
    const name = tidyName(raw);
    // What the question tells is what the tag stands for.
    const from = await person.settled();
    if (from === null) return;
    const { subject: old, faces: count } = from.subject;
    const fault = name === old ? `${name} is this person.` : nameFault(name);
    if (fault !== '') return tell(fault, 'error');
    const other = await find(name);
    if (other === null) return tell(`There is nobody called ${name} in this collection.`, 'error');
    const isSure = await confirm({
      title: `Merge ${old} into ${name}?`,
      text: `${name} is there with ${plural(other.faces, 'face')}. The ${plural(count, 'face')} of ${old} are added, and ${old} is no more. Where both have the same field, that of ${name} stays. This cannot be taken apart again.`,
      yes: 'Merge',
    });
    if (!isSure) return;
    const now = await person.change(from, { subject: name, merge: true });
    await tellDone(from.subject, now, `${old} and ${name} are one person now.`);
  };
  const find = async (/** @type {string} */ name) => {
    try {
      return (await readSubject(collection, name, { signal: asking.signal, byHand: true })).subject;
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  };
  const remove = async () => {
    const from = await person.settled();
    if (from === null) return;
    const { subject: name, faces: count } = from.subject;
    const isSure = await confirm({
      title: `Delete ${name}?`,
      text: `${plural(count, 'face')}, the fields, and what is kept of the pictures are deleted from this server, with every trace. This cannot be taken back.`,
      yes: 'Delete this person',
    });
    if (!isSure) return;
    const mine = visit;
    await person.remove(from);
    say(`${name} is deleted.`);
    onChange();
    if (mine === visit) onBack(name);
  };
  const readFaces = async () => {
    const subject = person.subject();
    if (subject === null) return;
    try {
      await faces.read(collection, subject.subject);
    } catch (error) {
      tell(sentence(error), 'error');
    }
  };

  const element = h(
    'section',
    { class: 'card stack subject', 'aria-labelledby': 'subject-title', hidden: true },
    h(
      'div',
      {},
      h('button', { type: 'button', text: '← All people', onclick: () => onBack(person.subject()?.subject ?? '') }),
    ),
    h(
      'div',
      { class: 'row spread' },
      title,
      h('button', {
        type: 'button',
        text: 'Delete this person',
        onclick: () => void act('deleted', remove),
      }),
    ),
    facts,
    note,
    faces.element,
    h('div', { class: 'subject-forms' }, fields.element, h('div', { class: 'stack' }, rename.element, merge.element)),
  );
  return {
    element,
    name: () => (element.hidden ? null : (person.subject()?.subject ?? null)),
    /** @param {string} from the collection @param {Subject} subject */
    open(from, subject) {
      collection = from;
      element.hidden = false;
      tell('');
      fields.shut();
      rename.set(subject.subject);
      merge.set('');
      visit = {};
      isActing = false;
      doubt = '';
      asking = new AbortController();
      person.open(from, subject);
      title.focus();
    },
    close() {
      element.hidden = true;
      visit = {};
      person.close();
      asking.abort();
      faces.stop();
    },
    read: () => void person.reload(),
    stop: () => faces.stop(),
  };
}
