/** The tab "System": what every device and process did, what happened meanwhile, and what that means. */
import { callJson } from '../lib/api.js';
import { fill, h, say } from '../lib/dom.js';
import { downloadCsv, downloadPng, fileName } from '../lib/download.js';
import { moment } from '../lib/format.js';
import { createPoll } from '../lib/poll.js';
import { isAbort, sentence } from '../lib/problem.js';
import { color, onThemeChange } from '../lib/theme.js';
import { createAlerts, loud } from './alerts.js';
import { clearCursors } from './chart.js';
import { createCharts } from './charts.js';
import { createEventList } from './event-list.js';
import { allCsv, groupCsv } from './export-csv.js';
import { chartsPng } from './export-png.js';
import { createFeed, RANGES } from './feed.js';
import { createInsight } from './insight.js';
import { createLane } from './lane.js';
import { marksOf } from './marks.js';
import { createTiles } from './tiles.js';
import { createToolbar } from './toolbar.js';

/** @import { AlertAnswer, Finding } from '../../../contract/history.ts' */
/** @typedef {import('./history-data.js').Data} Data */
/** @typedef {import('./marks.js').Mark} Mark */
/** @typedef {import('../app.js').PageConfig} PageConfig */

const SLOW_MS = 5000;
/** Insight looks at a range of history: not for every alert anew. */
const INSIGHT_EVERY = 6;

/**
 * @param {HTMLElement} panel
 * @param {{ config: PageConfig, onConnection: (ok: boolean) => void, onAlerts: (firing: number) => void }} options
 */
export function createSystem(panel, { config, onConnection, onAlerts }) {
  /** @type {Data | null} */
  let data = null;
  /** @type {Mark[]} */
  let marks = [];
  /** @type {Mark | null} */
  let highlighted = null;
  /** @type {Map<string, string>} */
  const colors = new Map();
  const range = () => ({ from: data?.from ?? 0, to: data?.to ?? 1 });
  const host = {
    color: (/** @type {string} */ name) => {
      const known = colors.get(name) ?? color(name);
      colors.set(name, known);
      return known;
    },
    range,
    marks: () => marks,
    highlighted: () => highlighted,
    onZoom: (/** @type {number} */ from, /** @type {number} */ to) => zoom(from, to),
    onReset: () => zoom(null, null),
  };

  const problem = h('p', { class: 'note', 'data-tone': 'error', hidden: true });
  const tiles = createTiles();
  const alerts = createAlerts({ admin: config.admin_http, onChange: () => slow.now() });
  const insight = createInsight();
  const lane = createLane((mark) => {
    highlighted = mark;
    charts.redraw();
  });
  const list = createEventList(() => draw());
  const charts = createCharts(host, {
    csv: (group) => data !== null && downloadCsv(fileName(group.title, 'csv'), groupCsv(data, group)),
    png: (group, own) =>
      void downloadPng(fileName(group.title, 'png'), chartsPng([{ title: group.title, charts: own }], host.color)),
  });
  const toolbar = createToolbar(RANGES, {
    onRange: (next) => {
      feed.setRange(next);
      rounds = 0;
      slow.now();
    },
    onReset: () => zoom(null, null),
    onCsv: () => data !== null && downloadCsv(fileName('history', 'csv'), allCsv(data)),
    onPng: () =>
      void downloadPng(
        fileName('charts', 'png'),
        chartsPng(
          charts.shown().map(({ group, charts: own }) => ({ title: group.title, charts: own })),
          host.color,
        ),
      ),
  });

  const draw = () => {
    if (data === null) return;
    const { from, to } = data;
    const events = data.events.filter(list.isShown);
    marks = marksOf(events, from, to, (to - from) / 500);
    lane.update(events, from, to);
    charts.update(data);
    list.update(data.events);
  };
  const feed = createFeed({
    onData: (next) => {
      data = next;
      onConnection(true);
      problem.hidden = true;
      draw();
    },
    onReading: (answer) => {
      onConnection(true);
      problem.hidden = true;
      tiles.update(answer);
    },
    onError: (error) => {
      onConnection(false);
      problem.hidden = false;
      problem.textContent = `${sentence(error)} What is shown is from before; it goes on when the server is back.`;
    },
  });
  /** @param {number | null} from @param {number | null} to */
  const zoom = (from, to) => {
    const isWhole = from === null || to === null;
    if (isWhole && !feed.isZoomed()) return;
    clearCursors(charts.shown().flatMap(({ charts: own }) => own));
    feed.setZoom(isWhole ? null : { from, to: Math.max(to, from + 10) });
    const text = isWhole ? '' : `${moment(from, to)} to ${moment(to, to)}`;
    toolbar.setZoom(text);
    say(isWhole ? 'The whole range is shown' : `Shown: ${text}`);
  };

  /** Also while another tab is shown, for the number in its title. @param {AbortSignal} [signal] */
  const readAlerts = async (signal) => {
    const answer = /** @type {{ alerts: AlertAnswer[] }} */ (await callJson('v1/alerts', { signal }));
    alerts.update(answer.alerts);
    onAlerts(loud(answer.alerts).length);
  };
  let rounds = 0;
  const slow = createPoll(SLOW_MS, async (signal) => {
    try {
      await readAlerts(signal);
      if (rounds % INSIGHT_EVERY === 0) {
        const { findings } = /** @type {{ findings: Finding[] }} */ (
          await callJson(`v1/insight?from=-${feed.range().name}&to=now`, { signal })
        );
        insight.update(findings);
      }
      rounds += 1;
      return true;
    } catch (error) {
      // The charts, which ask more often, say what is wrong.
      return isAbort(error) ? undefined : false;
    }
  });

  fill(
    panel,
    h(
      'div',
      { class: 'stack' },
      problem,
      tiles.element,
      h('div', { class: 'two' }, alerts.element, insight.element),
      h('section', { class: 'stack', 'aria-label': 'Charts' }, toolbar.element, lane.element, charts.element),
      list.element,
    ),
  );
  onThemeChange(() => {
    colors.clear();
    charts.clear();
    draw();
  });
  window.addEventListener('resize', () => draw());
  return {
    show() {
      rounds = 0;
      feed.start();
      slow.start();
    },
    hide() {
      feed.stop();
      slow.stop();
    },
    readAlerts,
    /** @param {import('../../../contract/history.ts').StoredEvent} event */
    addEvent(event) {
      feed.addEvent(event);
      if (event.type === 'alert') void readAlerts().catch(() => {});
    },
  };
}
