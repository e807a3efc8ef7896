/** The part "Versions and updates" of the tab "Models": one panel for each model. */
import { fill, h } from '../lib/dom.js';
import { createPoll } from '../lib/poll.js';
import { modelNames } from './model-names.js';
import { createPanel } from './panel.js';

/** @import { ModelStatus } from '../../../contract/results.ts' */

const PERIOD_MS = 2000;
/** What is closed tells only its aliases: every so many rounds are enough. */
const SELDOM = 5;

/** @param {HTMLElement} place @param {{ admin: boolean }} options */
export function createVersions(place, { admin }) {
  const list = h('div', { class: 'stack versions-list' });
  /** @type {Map<string, ReturnType<typeof createPanel>>} */
  const panels = new Map();
  let round = 0;
  const poll = createPoll(PERIOD_MS, async (signal) => {
    const due = [...panels.values()].filter((panel) => panel.isOpen() || round % SELDOM === 0);
    round += 1;
    const read = await Promise.all(due.map((panel) => panel.read(signal)));
    return !read.includes(false);
  });
  const how = admin
    ? 'Whatever changes something needs a key of the scope admin. The old version answers until the new one is proven.'
    : 'This page only shows them: admin.http is off in the settings of this server. Versions are changed here with the command facepool (facepool models add, swap, canary, promote, rollback).';
  const heading = h('h2', { id: 'updates-title', text: 'Versions and updates' });
  fill(place, heading, h('p', { class: 'muted', text: how }), list);
  place.hidden = true;

  return {
    /** @param {readonly ModelStatus[]} models */
    update(models) {
      const names = modelNames(models);
      place.hidden = names.length === 0;
      for (const [name, panel] of panels) {
        if (names.includes(name)) continue;
        panel.stop();
        panel.element.remove();
        panels.delete(name);
      }
      const fresh = names.filter((name) => !panels.has(name));
      for (const name of fresh) {
        const panel = createPanel(name, { admin, onChange: () => poll.now() });
        panels.set(name, panel);
        list.append(panel.element);
      }
      if (fresh.length === 0) return;
      round = 0;
      poll.now();
    },
    /** @param {string} name */
    open: (name) => panels.get(name)?.open(),
    show: () => {
      round = 0;
      poll.start();
    },
    hide() {
      poll.stop();
      for (const panel of panels.values()) panel.stop();
    },
    refresh() {
      round = 0;
      poll.now();
    },
  };
}
