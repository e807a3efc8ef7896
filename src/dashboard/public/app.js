/** The page: tabs, connection, key, theme; each tab does its own work only while it is looked at. */
import { askForKey, onKeyChange, setKeyNeeded } from './lib/key.js';
import { callJson } from './lib/api.js';
import { byId, say, setText } from './lib/dom.js';
import { createEventStream } from './lib/event-stream.js';
import { createTabs } from './lib/tabs.js';
import { createTheme } from './lib/theme.js';
import { createDetect } from './detect/detect.js';
import { createModels } from './models/models.js';
import { createPeople } from './people/people.js';
import { createSystem } from './system/system.js';

/** @typedef {{ version: string, keys_needed: boolean, admin_http: boolean }} PageConfig what `dashboard/config.json` says */

/** @returns {Promise<PageConfig>} */
async function readConfig() {
  try {
    return await callJson('dashboard/config.json', { open: true });
  } catch {
    // The page works without: what needs a key says so itself.
    return { version: '', keys_needed: false, admin_http: false };
  }
}

const config = await readConfig();
setKeyNeeded(config.keys_needed);
createTheme(byId('theme-button', HTMLButtonElement));
setText(byId('version', HTMLElement), config.version);

const keyButton = byId('key-button', HTMLButtonElement);
keyButton.hidden = !config.keys_needed && !config.admin_http;
keyButton.addEventListener('click', () => {
  void askForKey({ reason: 'Which API key is to be used?', byHand: true });
});

const connection = byId('connection', HTMLElement);
/** @param {boolean} ok */
function onConnection(ok) {
  const state = ok ? 'live' : 'lost';
  if (connection.dataset['state'] === state) return;
  // The first answer is no news.
  const isNews = connection.dataset['state'] !== 'waiting' || !ok;
  connection.dataset['state'] = state;
  connection.textContent = ok ? '● Live' : '✕ Connection lost';
  if (isNews) say(ok ? 'The server is back' : 'Connection lost');
}

const badge = byId('alert-count', HTMLElement);
/** @param {number} count */
function onAlerts(count) {
  badge.hidden = count === 0;
  badge.textContent = String(count);
  badge.setAttribute('aria-label', `, ${count} firing`);
}

const detect = createDetect(byId('panel-detect', HTMLElement));
const people = createPeople(byId('panel-people', HTMLElement), { onConnection });
const models = createModels(byId('panel-models', HTMLElement), { config, onConnection });
const system = createSystem(byId('panel-system', HTMLElement), { config, onConnection, onAlerts });

const stream = createEventStream({
  onConnection,
  onEvent: (event) => {
    if (event.severity === 'error') say(event.text);
    system.addEvent(event);
    models.refresh();
  },
});

/** @type {Map<string, { show: () => void, hide: () => void }>} */
const parts = new Map();
for (const [name, part] of /** @type {const} */ ([
  ['detect', { show() {}, hide: detect.hide }],
  ['people', people],
  ['models', models],
  ['system', system],
])) {
  parts.set(name, part);
}
const tabs = createTabs(
  byId('main', HTMLElement).ownerDocument.querySelector('[role="tablist"]') ?? document.body,
  (name) => {
    for (const [other, part] of parts) if (other !== name) part.hide();
    if (!document.hidden) parts.get(name)?.show();
  },
);

document.addEventListener('visibilitychange', () => {
  const part = parts.get(tabs.shown());
  if (document.hidden) {
    part?.hide();
    stream.stop();
  } else {
    part?.show();
    stream.start();
  }
});
onKeyChange(() => {
  stream.stop();
  stream.start();
  const part = parts.get(tabs.shown());
  part?.hide();
  part?.show();
});
tabs.start();
if (!document.hidden) stream.start();
system.readAlerts().catch(() => {
  // The stream of events says whether there is a connection.
});
