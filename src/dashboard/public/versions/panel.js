/** The versions of one model: what serves, what is on trial, and how another one gets there. */
import { h, say } from '../lib/dom.js';
import { keepFocus } from '../lib/keep-focus.js';
import { isAbort, sentence } from '../lib/problem.js';
import { order, readVersions, removeVersion } from './client.js';
import { confirm } from './confirm.js';
import { isStale, refusalWords } from './conflict.js';
import { createFollower } from './follow.js';
import { createHistory } from './history.js';
import { createNote } from './note.js';
import { createRegister } from './register.js';
import { createSummary } from './summary.js';
import { createSwapForm } from './swap-form.js';
import { newsOf } from './swap-steps.js';
import { createTrial } from './trial.js';
import { createVersionList } from './version-list.js';
import { sharePercent } from './words.js';

/** @import { Swap, VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {import('./client.js').SwapWish} SwapWish */

/** A rollback waits for nothing that goes on; a registration is none of it. */
const ALWAYS = new Set(['rollback', 'back', 'register']);

/**
 * @param {string} model
 * @param {{ admin: boolean, onChange: () => void }} options admin: whether there are buttons
 */
export function createPanel(model, { admin, onChange }) {
  /** @type {VersionsAnswer | null} */
  let answer = null;
  /** The one that goes on, or the last one. @type {Swap | null} */
  let swap = null;
  let underway = 0;

  const summary = createSummary(model);
  const note = createNote(model);
  const trial = createTrial(
    model,
    admin
      ? {
          onPromote: () => void act(`Promoting ${swap?.to} …`, promote),
          onRollback: () =>
            void act(swap?.state === 'running' ? 'Stopping the update …' : 'Rolling back …', rollback, true),
          onShare: (percent) => void act(`Changing the share to ${sharePercent(percent)} …`, () => reshare(percent)),
        }
      : null,
  );
  const list = createVersionList(
    model,
    admin
      ? {
          onChoose: (version) => form?.choose(version),
          onBack: (version) => void act(`Rolling back to ${version} …`, rollback, true),
          onRemove: (version) => void remove(version),
        }
      : null,
  );
  const form = admin
    ? createSwapForm(model, { onStart: (wish) => void act('Starting the update …', () => begin(wish)) })
    : null;
  const register = admin ? createRegister(model, { onRegistered: (version) => void registered(version) }) : null;
  const history = createHistory(model);
  const element = h(
    'details',
    { class: 'card versions', id: `versions-${model}`, 'data-versions': model },
    summary.element,
    h(
      'div',
      { class: 'stack' },
      note.element,
      trial.element,
      h('section', { 'aria-label': `Versions of ${model}` }, h('h4', { text: 'Versions' }), list.element),
      form && register && h('div', { class: 'forms' }, form.element, register.element),
      history.element,
    ),
  );
  const follower = createFollower((changed) => {
    const isNews = changed.state !== swap?.state;
    showSwap(changed);
    if (isNews) onChange();
  });

  const begin = async (/** @type {SwapWish} */ wish) => {
    showSwap(await order(model, 'swap', wish, answer?.generation));
    return '';
  };
  const promote = async () => {
    // Its steps go on from here.
    if (swap !== null) follower.start(swap.id);
    const done = await order(model, 'promote', {}, answer?.generation);
    showSwap(done);
    return '';
  };
  const rollback = async () => {
    // An update that runs is ended whatever has changed meanwhile.
    const isRunning = answer?.swap?.state === 'running';
    const done = await order(model, 'rollback', {}, isRunning ? undefined : answer?.generation);
    showSwap(done);
    return '';
  };
  const reshare = async (/** @type {number} */ percent) => {
    if (swap === null) return '';
    const { to: version, strategy } = swap;
    showSwap(await order(model, 'swap', { version, strategy, percent }, answer?.generation));
    return `${version} gets ${sharePercent(percent)}${strategy === 'shadow' ? ' as copies' : ' of the traffic'}.`;
  };
  const remove = async (/** @type {string} */ version) => {
    const isSure = await confirm({
      title: `Remove ${version}?`,
      text: `Its files are deleted from this server. ${model} goes on with ${answer?.stable ?? 'what is stable'}.`,
      yes: 'Remove',
    });
    if (!isSure) return;
    await act(`Removing ${version} …`, async () => {
      await removeVersion(model, version);
      return `${version} is removed.`;
    });
  };
  const registered = async (/** @type {string} */ version) => {
    await read(new AbortController().signal);
    form?.choose(version);
  };
  /**
   * @param {string} doing
   * @param {() => Promise<string>} work resolves with how it ended; empty: the steps tell
   * @param {boolean} [urgent] does not wait for what goes on
   */
  const act = async (doing, work, urgent = false) => {
    if (underway > 0 && !urgent) return;
    setUnderway(underway + 1);
    note.tell(doing);
    try {
      note.tell(await work());
    } catch (error) {
      if (isStale(error)) await read(new AbortController().signal);
      note.tell(refusalWords(error, answer), 'error');
    }
    setUnderway(underway - 1);
    onChange();
  };
  /** @param {number} count */
  const setUnderway = (count) => {
    underway = count;
    for (const button of element.querySelectorAll('button[data-do]')) {
      const { do: what = '' } = /** @type {HTMLElement} */ (button).dataset;
      if (!ALWAYS.has(what)) button.setAttribute('aria-disabled', String(count > 0));
    }
  };
  /** @param {Swap} changed */
  const showSwap = (changed) => {
    // An answer that was long on its way: what is over stays over.
    if (swap?.id === changed.id && swap.ended !== null && changed.ended === null) return;
    const news = newsOf(swap, changed);
    swap = changed;
    if (news !== '' && element.open) say(news);
    const now = answer;
    if (now !== null) {
      keepFocus(element, summary.element, () => trial.update(now, changed));
      summary.update(now, changed);
    }
    if (swap.state === 'running' && element.open) follower.start(swap.id);
    else if (swap.state !== 'running' && underway === 0) follower.stop();
  };
  /** @param {AbortSignal} signal @returns {Promise<boolean>} */
  const read = async (signal) => {
    try {
      const { answer: fresh, swaps } = await readVersions(model, signal);
      answer = fresh;
      keepFocus(element, summary.element, () => {
        list.update(fresh);
        form?.update(fresh);
        history.update(fresh, swaps);
      });
      const now = fresh.swap ?? swaps[0] ?? null;
      if (now !== null) showSwap(now);
      summary.update(fresh, swap);
      note.isRead();
      return true;
    } catch (error) {
      if (isAbort(error)) return true;
      note.isUnread(sentence(error));
      return false;
    }
  };
  element.addEventListener('toggle', () => {
    if (element.open) onChange();
    else follower.stop();
  });
  return {
    element,
    read,
    isOpen: () => element.open,
    stop: () => follower.stop(),
    open() {
      element.open = true;
      summary.element.focus();
      element.scrollIntoView({ block: 'start' });
    },
  };
}
