/** Alerts: what fires on top, and the rules that are quiet in one line. */
import { callJson } from '../lib/api.js';
import { fill, h, say } from '../lib/dom.js';
import { moment, NOTHING, plural, secondsOf, words } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { severityLook } from '../lib/states.js';

/** @import { AlertAnswer } from '../../../contract/history.ts' */

const RANK = { firing: 0, pending: 1, no_data: 2, inactive: 3 };
const SILENCE_MINUTES = 60;

/**
 * Firing first, the worse ones before the others; then those that may fire soon.
 * @param {readonly AlertAnswer[]} alerts
 */
export function inOrder(alerts) {
  const rank = (/** @type {AlertAnswer} */ { state, severity }) => RANK[state] * 2 + (severity === 'error' ? 0 : 1);
  return [...alerts].sort((a, b) => rank(a) - rank(b));
}

/** @param {readonly AlertAnswer[]} alerts that fire and are not silenced */
export function loud(alerts) {
  return alerts.filter((alert) => alert.state === 'firing' && alert.silenced_until === null);
}

/** @param {{ admin: boolean, onChange: () => void }} options */
export function createAlerts({ admin, onChange }) {
  const list = h('ul', { class: 'alerts' });
  const rest = h('p', { class: 'muted small' });
  const element = h(
    'section',
    { class: 'card', 'aria-labelledby': 'alerts-title' },
    h('h2', { id: 'alerts-title', text: 'Alerts' }),
    list,
    rest,
  );
  let drawn = '';

  /** @param {AlertAnswer} alert */
  const silence = async ({ rule, silenced_until: silenced }) => {
    const minutes = silenced === null ? SILENCE_MINUTES : 0;
    try {
      const path = `v1/alerts/${encodeURIComponent(rule)}/silence?minutes=${minutes}`;
      await callJson(path, { method: 'POST', byHand: true, needs: 'This needs a key of the scope admin.' });
      say(minutes > 0 ? `${rule} is silent for an hour` : `${rule} is not silenced any more`);
      onChange();
    } catch (error) {
      rest.textContent = sentence(error);
      say(sentence(error));
    }
  };
  return {
    element,
    /** @param {readonly AlertAnswer[]} alerts */
    update(alerts) {
      const key = JSON.stringify(alerts);
      if (key === drawn) return;
      drawn = key;
      const shown = inOrder(alerts).filter(({ state }) => state === 'firing' || state === 'pending');
      fill(list, ...shown.map((alert) => row(alert, admin ? () => void silence(alert) : null)));
      rest.textContent = quietWords(alerts);
    },
  };
}

/** @param {readonly AlertAnswer[]} alerts */
export function quietWords(alerts) {
  const rules = new Set(alerts.map(({ rule }) => rule));
  const isFiring = alerts.some(({ state }) => state === 'firing');
  const blind = [...new Set(alerts.filter(({ state }) => state === 'no_data').map(({ rule }) => rule))];
  const watch =
    rules.size === 0
      ? 'No rules.'
      : `${plural(rules.size, 'rule')} ${rules.size === 1 ? 'is' : 'are'} watched${isFiring ? '.' : ', none fires.'}`;
  return blind.length === 0 ? watch : `${watch} Without figures here: ${blind.join(', ')}.`;
}

/** @param {AlertAnswer} alert @param {(() => void) | null} onSilence */
function row(alert, onSilence) {
  const { rule, state, severity, metric, value, above, since, silenced_until: silenced, text } = alert;
  const look = severityLook(severity);
  const now = Date.now() / 1000;
  const facts = [
    `${words(metric)} ${value === null ? NOTHING : round(value)}, limit ${round(above)}`,
    since === null ? '' : `since ${moment(secondsOf(since), now)}`,
    silenced === null ? '' : `silenced until ${moment(secondsOf(silenced), now)}`,
  ].filter((part) => part !== '');
  const name = silenced === null ? 'Silence for an hour' : 'End the silence';
  return h(
    'li',
    { 'data-rule': rule, 'data-state': state },
    h('span', {
      class: 'pill',
      'data-tone': state === 'firing' && silenced === null ? look.tone : 'plain',
      text: `${look.sign} ${state === 'firing' ? 'firing' : 'about to fire'}`,
    }),
    h(
      'div',
      {},
      h('p', { text }),
      h('p', {
        class: 'muted small',
        text: `${rule} · ${facts.join(' · ')}`,
      }),
    ),
    onSilence === null || state !== 'firing'
      ? null
      : h('button', { type: 'button', 'aria-label': `${name}: ${rule}`, text: name, onclick: onSilence }),
  );
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}
