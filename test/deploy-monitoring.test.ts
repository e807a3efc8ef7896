/** deploy/prometheus, deploy/grafana and docs/metrics.md against the metrics that there are and the figures of the settings. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { skipWithout } from '../scripts/debian.mjs';
import { declaredMetrics, withMetricsTables } from '../scripts/metrics-table.ts';
import { ALERT_STATES } from '../src/contract/history.ts';
import { WORKER_STATES } from '../src/contract/lifecycle.ts';
import { GPU_STATES, THROTTLE_REASONS } from '../src/contract/monitor.ts';
import { settingsSchema } from '../src/contract/settings.ts';
import { CODE_LABELS, createMetrics, RESTART_REASONS, ROUTE_LABELS } from '../src/telemetry/metrics.ts';
import {
  ENROLMENT_RESULTS,
  FACE_RESULTS,
  PEOPLE_STATES,
  PEOPLE_WRITES,
} from '../src/telemetry/metrics/people-metrics.ts';
import { gpuReading } from './fixtures/monitor-sample.ts';
import { observation } from './fixtures/observation.ts';
import { tempDir } from './fixtures/temp-dir.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROMETHEUS = path.join(ROOT, 'deploy/prometheus');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }).optional(),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }).optional(),
        }),
      ),
    }),
  ),
});
const rulesIn = (file: string) =>
  rulesSchema.parse(parse(read(`deploy/prometheus/${file}`))).groups.flatMap(({ rules }) => rules);
const RECORDS = rulesIn('recording-rules.yml');
const ALERTS = rulesIn('alerting-rules.yml');

const panelSchema = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: z.strictObject({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
  targets: z.array(z.looseObject({ expr: z.string(), datasource: z.object({ uid: z.string() }) })).optional(),
});
const dashboardSchema = z.looseObject({
  uid: z.literal('facepool'),
  panels: z.array(panelSchema),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), definition: z.string().optional() })) }),
  annotations: z.object({ list: z.array(z.looseObject({ expr: z.string() })) }),
});
const DASHBOARD = dashboardSchema.parse(JSON.parse(read('deploy/grafana/facepool.json')));
const SHOWN = DASHBOARD.panels.filter(({ type }) => type !== 'row');

/** Every expression with where it is. */
const EXPRESSIONS: [where: string, expr: string][] = [
  ...RECORDS.map(({ record, expr }): [string, string] => [record ?? '', expr]),
  ...ALERTS.map(({ alert, expr }): [string, string] => [alert ?? '', expr]),
  ...SHOWN.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }): [string, string] => [title, expr])),
  ...DASHBOARD.annotations.list.map(({ expr }): [string, string] => ['annotation', expr]),
];
const DEFINITIONS = DASHBOARD.templating.list.flatMap(({ definition }) => definition ?? []);

const METRICS = new Map(declaredMetrics().map((metric) => [metric.name, metric]));
/** The metric of a series' name; a histogram has three. */
function metricOf(series: string) {
  const histogram = METRICS.get(series.replace(/_(?:bucket|sum|count)$/, ''));
  return METRICS.get(series) ?? (histogram?.type === 'histogram' ? histogram : undefined);
}

/** Words that the code gives to these labels; others are free or come from the settings. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  route: ROUTE_LABELS,
  code: CODE_LABELS,
  state: [...WORKER_STATES, ...GPU_STATES, ...ALERT_STATES, ...PEOPLE_STATES, 'ok', 'off', 'memory_only', 'failing'],
  reason: [...RESTART_REASONS, ...THROTTLE_REASONS],
  result: [
    ...['ok', 'failed', 'rolled_back', 'passed', 'error', 'refused', 'given_up'],
    ...ENROLMENT_RESULTS,
    ...FACE_RESULTS,
  ],
  op: PEOPLE_WRITES,
  alias: ['stable', 'canary', 'shadow'],
  kind: ['total', 'used', 'budget', 'reserved', 'foreign', 'measured', 'minor', 'major', 'corrected', 'uncorrected'],
};

describe('expressions of the rules and of the dashboard', () => {
  it('are many', () => assert.ok(RECORDS.length >= 10 && ALERTS.length >= 20 && EXPRESSIONS.length > 80));

  it('ask for metrics that there are, and for recorded ones that are recorded', () => {
    const recorded = new Set(RECORDS.map(({ record }) => record));
    const unknown: string[] = [];
    for (const [where, expr] of [...EXPRESSIONS, ...DEFINITIONS.map((text): [string, string] => ['variable', text])]) {
      for (const name of expr.match(/[a-z_]+:facepool_\w+:\w+|\bfacepool_\w+/g) ?? []) {
        if (!recorded.has(name) && metricOf(name) === undefined) unknown.push(`${where}: ${name}`);
      }
    }
    assert.deepEqual(unknown, []);
  });

  it('choose by labels that these metrics have, and by words that occur', () => {
    const wrong: string[] = [];
    let matchers = 0;
    for (const [where, expr] of EXPRESSIONS) {
      for (const [, name = '', selector = ''] of expr.matchAll(/\b(facepool_\w+)\{([^}]*)\}/g)) {
        const metric = metricOf(name);
        for (const [, label = '', value = ''] of selector.matchAll(/(\w+)\s*[!=]~?\s*"([^"]*)"/g)) {
          matchers += 1;
          if (label === 'job' || label === 'instance') continue;
          const has = metric?.labelNames.includes(label) === true || (label === 'le' && metric?.type === 'histogram');
          if (!has) wrong.push(`${where}: ${name} has no label ${label}`);
          const words = WORDS[label];
          for (const word of value.split('|')) {
            if (words?.includes(word) === false) wrong.push(`${where}: ${label}="${word}"`);
          }
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(matchers > 100);
  });

  it('are balanced', () => {
    for (const [where, expr] of EXPRESSIONS) {
      const open: string[] = [];
      for (const sign of expr.replaceAll(/"[^"]*"/g, '').match(/[(){}[\]]/g) ?? []) {
        if ('({['.includes(sign)) open.push(sign);
        else assert.equal(`${open.pop() ?? ''}${sign}`.match(/^(?:\(\)|\{\}|\[\])$/)?.length, 1, `${where}: ${expr}`);
      }
      assert.deepEqual(open, [], `${where}: ${expr}`);
    }
  });
});

describe('alerting rules', () => {
  it('each say how bad it is, what is wrong and what it means', () => {
    for (const { alert, labels, annotations, record } of ALERTS) {
      assert.match(alert ?? '', /^Facepool[A-Za-z]+$/);
      assert.equal(record, undefined);
      assert.ok(labels !== undefined && annotations !== undefined, alert);
      assert.match(annotations.summary, /\{\{ \$labels\.instance \}\}|\{\{ \$labels\.device \}\}/, alert);
    }
  });

  it('have the figures of the settings for devices and updates', () => {
    const rules = settingsSchema.parse(parse(read('config/default.yaml'))).alert_rules;
    const pairs: [rule: string, alert: string, scale: number][] = [
      ['gpu-busy', 'FacepoolGpuBusy', 0.01],
      ['memory-full', 'FacepoolMemoryFull', 1],
      ['hot', 'FacepoolGpuHot', 1],
      ['swap-slow', 'FacepoolSwapSlow', 1],
      ['swap-errors', 'FacepoolSwapErrors', 1],
    ];
    assert.deepEqual(Object.keys(rules).sort(), pairs.map(([rule]) => rule).sort());
    for (const [name, alertName, scale] of pairs) {
      const rule = rules[name];
      const alert = ALERTS.find(({ alert: found }) => found === alertName);
      assert.ok(rule !== undefined && alert !== undefined, name);
      const above = / > ([\d.]+)$/.exec(alert.expr)?.[1];
      assert.equal(Number(above), Number((rule.above * scale).toFixed(6)), alertName);
      assert.equal(Number.parseInt(alert.for ?? '0', 10) * 1000, rule.for_ms, alertName);
    }
  });
});

describe('the dashboard', () => {
  it('has panels of their own ids, in rows, which do not overlap', () => {
    const ids = DASHBOARD.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of DASHBOARD.panels) {
      assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on ${taken.get(`${x},${y}`)}`);
          taken.set(`${x},${y}`, title);
        }
      }
    }
    const rows = DASHBOARD.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    for (const row of [
      'Requests',
      'Latency',
      'Models and processes',
      'Memory against the budget',
      'GPUs',
      'Versions',
      'People',
    ]) {
      assert.ok(rows.includes(row), row);
    }
  });

  it('asks the chosen data source, for the chosen servers', () => {
    assert.deepEqual(
      DASHBOARD.templating.list.map(({ name }) => name),
      ['datasource', 'job', 'instance'],
    );
    for (const { title, targets = [] } of SHOWN) {
      assert.ok(targets.length > 0, title);
      for (const { expr, datasource } of targets) {
        assert.equal(datasource.uid, '${datasource}', title);
        assert.match(expr, /instance=~"\$instance"/, title);
      }
    }
  });
});

describe('docs/metrics.md', () => {
  it('has every metric as it is declared (scripts/metrics-table.ts --write)', () => {
    const document = read('docs/metrics.md');
    assert.equal(withMetricsTables(document), document);
    for (const name of METRICS.keys()) assert.ok(document.includes(`\`${name}\``), name);
  });
});

describe('promtool and amtool', { skip: skipWithout('promtool', 'amtool') }, () => {
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: PROMETHEUS, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it('accept the files', () => {
    assert.match(run('promtool', 'check', 'config', 'prometheus.yml'), /2 rule files found/);
    const checked = run(
      'promtool',
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      'recording-rules.yml',
      'alerting-rules.yml',
    );
    assert.match(checked, new RegExp(`${ALERTS.length} rules found`));
    assert.match(run('amtool', 'check-config', 'alertmanager.yml'), /SUCCESS/);
  });

  it('find nothing amiss in what a server with GPUs, updates and alerts exposes', async () => {
    const metrics = createMetrics();
    const gpu = gpuReading({ eccCorrected: 1, eccUncorrected: 0, pcieRx: 1, pcieTx: 1, throttle: ['hw_thermal'] });
    metrics.begin('detector', true);
    for (const second of [0, 1]) metrics.observe(observation({ gpus: [gpu] }, second));
    metrics.onGpuEvent({ type: 'xid', index: 0, uuid: gpu.uuid, xid: 31, at: 0 });
    metrics.onGpuEvent({ type: 'gpu_lost', index: 0, uuid: gpu.uuid, at: 0 });
    const swap = { model: 'detector', from: null, to: 'b', result: 'ok', seconds: 2, reason: '', at: 0 } as const;
    metrics.onSwapEnd(swap);
    metrics.alertWebhooks.inc({ result: 'sent' });
    const version = { process: 'detector', model: 'detector', version: 'b', alias: 'stable', weight: 1 } as const;
    metrics.observeVersions({ versions: () => [version], aliases: () => [{ model: 'detector', generation: 1 }] });
    metrics.onCopy('detector', 'b', 'same', { iou: 1, cosineDistance: 0, scoreDrift: 0 });
    const text = await metrics.registry.metrics();
    assert.match(text, /^facepool_gpu_xid_errors_total\{.*\} 1$/m);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('see the rules do what they are for', () => {
    const said = run('promtool', 'test', 'rules', 'tests.yml', 'tests-of-hours.yml');
    assert.equal(said.match(/SUCCESS/g)?.length, 2, said);
  });

  it('can read every expression of the dashboard', (t) => {
    const file = path.join(tempDir(t), 'dashboard.yml');
    const rules = EXPRESSIONS.map(([, expr], i) => ({
      record: `dashboard:expression:${i}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(?:job|instance)/g, '.*'),
    }));
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    assert.match(run('promtool', 'check', 'rules', file), new RegExp(`${rules.length} rules found`));
  });
});
