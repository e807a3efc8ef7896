/** The versions of one model: what serves, what is on trial, and how another one gets there. */
import { fill, h, say, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { isAbort, sentence } from '../lib/problem.js';
import { order, readVersions, removeVersion } from './client.js';
import { confirm } from './confirm.js';
import { isStale, refusalWords } from './conflict.js';
import { createFollower } from './follow.js';
import { createHistory } from './history.js';
import { createRegister } from './register.js';
import { createSwapForm } from './swap-form.js';
import { newsOf } from './swap-steps.js';
import { createTrial } from './trial.js';
import { createVersionList } from './version-list.js';
import { sharePercent, swapLook, whoWords } from './words.js';

/** @import { Swap, VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {import('./client.js').SwapWish} SwapWish */

/**
 * @param {string} model
 * @param {{ admin: boolean, onChange: () => void }} options admin: whether there are buttons
 */
export function createPanel(model, { admin, onChange }) {
  /** @type {VersionsAnswer | null} */
  let answer = null;
  /** The one that goes on, or the last one. @type {Swap | null} */
  let swap = null;
  let busy = false;

  const pills = h('span', { class: 'row pills' });
  const about = h('span', { class: 'muted small' });
  const note = h('p', { class: 'note', hidden: true });
  const trial = createTrial(
    model,
    admin
      ? {
          onPromote: () => void act(`Promoting ${swap?.to} …`, promote),
          onRollback: () => void act(swap?.state === 'running' ? 'Stopping the update …' : 'Rolling back …', rollback),
          onShare: (percent) => void act(`Changing the share to ${sharePercent(percent)} …`, () => reshare(percent)),
        }
      : null,
  );
  const list = createVersionList(
    model,
    admin
      ? {
          onChoose: (version) => form?.choose(version),
          onBack: (version) => void act(`Rolling back to ${version} …`, rollback),
          onRemove: (version) => void remove(version),
        }
      : null,
  );
  const form = admin
    ? createSwapForm(model, { onStart: (wish) => void act('Starting the update …', () => begin(wish)) })
    : null;
  const register = admin ? createRegister(model, { onRegistered: (version) => void registered(version) }) : null;
  const history = createHistory(model);
  const summary = h('summary', {}, h('h3', { text: model }), pills, about);
  const element = h(
    'details',
    { class: 'card versions', id: `versions-${model}`, 'data-versions': model },
    summary,
    h(
      'div',
      { class: 'stack' },
      note,
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

  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
    if (text !== '') say(`${model}: ${text}`);
  };
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
   */
  const act = async (doing, work) => {
    if (busy) return;
    setBusy(true);
    tell(doing);
    try {
      tell(await work());
    } catch (error) {
      if (isStale(error)) await read(new AbortController().signal);
      tell(refusalWords(error, answer), 'error');
    }
    setBusy(false);
    onChange();
  };
  /** @param {boolean} isBusy */
  const setBusy = (isBusy) => {
    busy = isBusy;
    element.toggleAttribute('data-busy', isBusy);
    for (const button of element.querySelectorAll('button[data-do]:not([data-do=register])')) {
      button.setAttribute('aria-disabled', String(isBusy));
    }
  };
  /** @param {Swap} changed */
  const showSwap = (changed) => {
    const news = newsOf(swap, changed);
    swap = changed;
    if (news !== '' && element.open) say(news);
    if (answer !== null) trial.update(answer, swap);
    showSummary();
    if (swap.state === 'running' && element.open) follower.start(swap.id);
    else if (swap.state !== 'running' && !busy) follower.stop();
  };
  const showSummary = () => {
    if (answer === null) return;
    const { stable, canary, shadow, versions, generation } = answer;
    const going = swap !== null && swap.ended === null ? swapLook(swap.state) : null;
    fill(
      pills,
      h('span', { class: 'pill', 'data-tone': 'good', text: `stable ${stable}` }),
      canary &&
        h('span', {
          class: 'pill',
          'data-tone': 'warning',
          text: `canary ${canary.version} ${sharePercent(canary.percent)}`,
        }),
      shadow && h('span', { class: 'pill', 'data-tone': 'info', text: `shadow ${shadow.version}` }),
      swap?.state === 'running' &&
        going &&
        h('span', { class: 'pill', 'data-tone': going.tone, text: `${going.sign} update to ${swap.to}` }),
    );
    const last = answer.history[0];
    setText(
      about,
      `${plural(versions.length, 'version')}, generation ${generation}${last === undefined ? '' : `, changed by ${whoWords(last.by)}`}`,
    );
  };
  /** @param {AbortSignal} signal @returns {Promise<boolean>} */
  const read = async (signal) => {
    try {
      const { answer: fresh, swaps } = await readVersions(model, signal);
      answer = fresh;
      list.update(fresh);
      form?.update(fresh);
      history.update(fresh, swaps);
      const now = fresh.swap ?? swaps[0] ?? null;
      if (now !== null) showSwap(now);
      showSummary();
      if (note.dataset['kind'] === 'read') tell('');
      delete note.dataset['kind'];
      return true;
    } catch (error) {
      if (isAbort(error)) return true;
      if (note.dataset['kind'] !== 'read') tell(sentence(error), 'error');
      note.dataset['kind'] = 'read';
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
      summary.focus();
      element.scrollIntoView({ block: 'start' });
    },
  };
}
