/** All charts of the tab "System": built where a device or process is new, updated else. */
import { fill, h } from '../lib/dom.js';
import { createChart } from './chart.js';
import { groupsOf } from './plots.js';

/** @typedef {import('./plots.js').Group} Group */
/** @typedef {import('./chart.js').ChartHost} ChartHost */
/** @typedef {ReturnType<typeof createChart>} Chart */
/** @typedef {{ group: Group, charts: Chart[], element: HTMLElement, key: string }} Shown */

const TITLES = { device: 'Devices', memory: 'Memory against the budget', worker: 'Processes' };

/**
 * @param {ChartHost} host
 * @param {{ csv: (group: Group) => void, png: (group: Group, charts: Chart[]) => void }} exports
 */
export function createCharts(host, exports) {
  const kinds = /** @type {const} */ (['device', 'memory', 'worker']);
  const sections = new Map(
    kinds.map((kind) => {
      const grid = h('div', { class: `groups ${kind}` });
      const title = h('h2', { id: `charts-${kind}`, text: TITLES[kind] });
      return [
        kind,
        { grid, element: h('section', { class: 'stack', hidden: true, 'aria-labelledby': title.id }, title, grid) },
      ];
    }),
  );
  const empty = h('p', {
    class: 'card muted',
    text: 'Nothing was measured in this range yet. The first figures come within seconds.',
  });
  const element = h('div', { class: 'stack' }, empty, ...[...sections.values()].map((section) => section.element));
  /** @type {Map<string, Shown>} */
  const shown = new Map();

  /** @param {Group} group @returns {Shown} */
  const build = (group) => {
    const charts = group.plots.map((plot) => createChart(plot, lookOf(group), host));
    const missing =
      group.missing.length === 0
        ? null
        : `${listOf(group.missing)}: not reported by this ${group.kind === 'device' ? 'device' : 'process'}.`;
    const made = /** @type {Shown} */ ({ group, charts, key: keyOf(group) });
    made.element = h(
      'article',
      { class: 'card group', 'aria-label': group.title, 'data-group': group.id },
      h(
        'header',
        { class: 'row spread' },
        h('div', {}, h('h3', { text: group.title }), h('span', { class: 'muted small', text: group.subtitle })),
        h(
          'div',
          { class: 'row' },
          h('button', {
            type: 'button',
            class: 'quiet',
            text: 'CSV',
            'aria-label': `CSV of ${group.title}`,
            onclick: () => exports.csv(made.group),
          }),
          h('button', {
            type: 'button',
            class: 'quiet',
            text: 'PNG',
            'aria-label': `PNG of ${group.title}`,
            onclick: () => exports.png(made.group, made.charts),
          }),
        ),
      ),
      h('div', { class: 'plots' }, ...charts.map((chart) => chart.element)),
      missing === null ? null : h('p', { class: 'muted small', text: missing }),
    );
    return made;
  };

  /** @param {Shown | undefined} old */
  const drop = (old) => {
    for (const chart of old?.charts ?? []) chart.destroy();
    old?.element.remove();
  };

  return {
    element,
    /** @param {import('./history-data.js').Data} data */
    update(data) {
      const groups = groupsOf(data);
      empty.hidden = groups.length > 0;
      for (const [id, old] of shown) {
        if (groups.some((group) => group.id === id)) continue;
        drop(old);
        shown.delete(id);
      }
      for (const group of groups) {
        let current = shown.get(group.id);
        if (current === undefined || current.key !== keyOf(group)) {
          const fresh = build(group);
          if (current === undefined) sections.get(group.kind)?.grid.append(fresh.element);
          else current.element.replaceWith(fresh.element);
          drop(current);
          shown.set(group.id, fresh);
          current = fresh;
        }
        current.group = group;
        group.plots.forEach((plot, i) => current.charts[i]?.update(plot, data.t));
      }
      for (const [kind, section] of sections) section.element.hidden = !groups.some((group) => group.kind === kind);
    },
    redraw() {
      for (const { charts } of shown.values()) for (const chart of charts) chart.redraw();
    },
    /** Drops everything; the next update builds it anew, in other colours for one. */
    clear() {
      for (const old of shown.values()) drop(old);
      shown.clear();
      for (const { grid } of sections.values()) fill(grid);
    },
    shown: () => [...shown.values()],
  };
}

const HEIGHTS = { device: 170, memory: 240, worker: 160 };

/** @param {Group} group */
function lookOf({ title, kind }) {
  // The only chart of a card needs no title besides the card's.
  return { subject: title, titled: kind === 'device', height: HEIGHTS[kind] };
}

/** Charts are built again when this differs: other lines, other axes. @param {Group} group */
function keyOf(group) {
  return JSON.stringify([
    group.title,
    group.missing,
    group.plots.map((plot) => [plot.id, plot.lines.map(({ label, color }) => [label, color])]),
  ]);
}

/** @param {readonly string[]} items */
function listOf(items) {
  const text = items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
