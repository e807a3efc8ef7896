/** A real server, a real Prometheus and a real Alertmanager with the files of deploy/: what they read, and a rule that fires. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as z from 'zod';
import { findProgram, skipWithout } from '../../scripts/debian.mjs';
import { declaredMetrics } from '../../scripts/metrics-table.ts';
import { WORKER_STATES } from '../../src/contract/lifecycle.ts';
import { CODE_LABELS, ROUTE_LABELS, STAGES } from '../../src/telemetry/metrics.ts';
import { seriesNames } from '../fixtures/exposition.ts';
import { buildFakeNvml, fakeGpu, type FakeNvmlScript, noFakeNvml, scriptFile } from '../fixtures/nvml/fake-nvml.ts';
import { post } from './support/client.ts';
import { ROOT } from './support/process.ts';
import { type Monitoring, startMonitoring } from './support/prometheus.ts';
import { startServer, type TestServer } from './support/server.ts';
import { picture, skip as skipWithoutShared } from './support/shared.ts';
import { until } from './support/until.ts';

/** A server with three models and a GPU; the greater part are buckets. Measured: see docs/metrics.md. */
const MOST_SERIES = 1500;
const MODELS = ['detector', 'recognizer', 'liveness'];
const PROGRAMS = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool'];
const skip = skipWithoutShared || skipWithout(...PROGRAMS);

const vectorSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
});

const HOT = 90;
const COOL = 60;
const CARD = fakeGpu(0, { temperature: COOL });
const noCard = skipWithoutShared || (await noFakeNvml());

let server: TestServer;
let card: FakeNvmlScript;
let cardDir: string;
before(async () => {
  if (skipWithoutShared) return;
  cardDir = mkdtempSync(path.join(os.tmpdir(), 'facepool-prometheus-card-'));
  card = scriptFile(cardDir);
  card.write({ gpus: [CARD] });
  const library = noCard === false ? await buildFakeNvml() : 'off';
  server = await startServer({
    env: { ...card.env, FACEPOOL_MONITOR_NVML_LIBRARY: library, FACEPOOL_MONITOR_SAMPLE_MS: '500' },
  });
});
after(async () => {
  await server?.stop();
  if (cardDir !== undefined) rmSync(cardDir, { recursive: true, force: true });
});

const exposition = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
const portrait = (): Buffer => picture('photos/person-vlado.jpg');

/** Every label of an exposition with the values that occur. */
function labelValues(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const series of seriesNames(text)) {
    for (const [, label = '', value = ''] of series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      found.set(label, (found.get(label) ?? new Set()).add(value));
    }
  }
  return found;
}

/** Requests that nobody should send. */
async function oddRequests(): Promise<void> {
  const evil = encodeURIComponent('"},__name__="x{\n');
  const paths = [
    '/nothing',
    '/v1/%22%7D',
    `/${'x'.repeat(500)}`,
    '/detect/../../etc/passwd',
    '/metrics/x',
    '/v1/models/evil',
  ];
  for (const [i, where] of paths.entries()) {
    for (const method of ['GET', 'POST', 'PROPFIND', `X${i}`]) await fetch(server.url + where, { method });
  }
  for (const route of ['detect', 'recognize', 'embed']) {
    for (const query of [
      `detector=${evil}`,
      'detector=evil-model',
      'recognizer=x0',
      `fields=${evil}`,
      `${evil}=1`,
      'limit=-1',
    ]) {
      await fetch(`${server.url}/${route}?${query}`, { method: 'POST', body: portrait() });
    }
  }
  await fetch(`${server.url}/detect`, { method: 'POST', body: 'no picture', headers: { 'x-request-id': 'evil' } });
  await fetch(`${server.url}/detect`, {
    method: 'POST',
    body: '{"file":1',
    headers: { 'content-type': 'application/json' },
  });
}

/** What only a model on a GPU, an accident, an update, an alert, a limited cgroup, or a busy moment of libuv brings. */
const NOT_ALWAYS =
  /^facepool_(?:worker_gpu_|gpu_xid|gpu_losses|swap_|shadow_|alerts_fired|alert_webhooks|host_cpu_throttled|nodejs_(?:active|gc)_)/;

describe('the exposition of a server', { skip: skipWithoutShared }, () => {
  it('has every metric, those of its GPU included', { skip: noCard }, async () => {
    await post(server, '/recognize', portrait());
    await post(server, '/v1/collections/default/faces?subject=anna', portrait());
    const absent = await until('two samples were taken and the history was begun', 20_000, async () => {
      const names = new Set(seriesNames(await exposition()).map((name) => name.replace(/\{.*/, '')));
      if (!names.has('facepool_worker_cpu_seconds_total') || !names.has('facepool_history_bytes')) return false;
      return declaredMetrics()
        .filter(({ name }) => name.startsWith('facepool_'))
        .filter(({ name, type }) => !names.has(type === 'histogram' ? `${name}_count` : name))
        .map(({ name }) => name);
    });
    assert.deepEqual(
      absent.filter((name) => !NOT_ALWAYS.test(name)),
      [],
    );
  });

  it('has a bounded number of series, whatever is asked', async (t) => {
    for (const route of ['/detect', '/recognize', '/liveness', '/embed']) await post(server, route, portrait());
    for (const route of ['/readyz', '/healthz', '/v1/models']) await fetch(server.url + route);
    const before = seriesNames(await exposition());
    await oddRequests();
    const text = await exposition();
    const values = labelValues(text);
    const within = (label: string, known: readonly string[]): void =>
      assert.deepEqual(
        [...(values.get(label) ?? [])].filter((value) => !known.includes(value)),
        [],
        label,
      );
    within('route', ROUTE_LABELS);
    within('code', CODE_LABELS);
    within('stage', STAGES);
    within('model', [...MODELS, 'imaging', 'monitor', 'supervisor']);
    within('device', ['cpu', String(CARD.uuid)]);
    within('gpu', [String(CARD.uuid)]);
    assert.ok(WORKER_STATES.every((state) => values.get('state')?.has(state)));
    assert.doesNotMatch(text, /evil|passwd|xxxx|PROPFIND/);
    const after = seriesNames(text);
    t.diagnostic(`${before.length} series, ${after.length} after odd requests`);
    assert.ok(after.length < MOST_SERIES, String(after.length));
    // What is new: routes and codes that had not occurred.
    const isNew = (name: string): boolean => !before.includes(name);
    const kinds = new Set(after.filter(isNew).map((name) => name.replace(/\{.*/, '')));
    const allowed = ['requests_total', ...['bucket', 'sum', 'count'].map((part) => `request_duration_seconds_${part}`)];
    for (const kind of kinds)
      assert.match(kind, new RegExp(`^facepool_(?:${allowed.join('|')}|nodejs_.*|process_.*)$`));
  });

  it('pleases promtool', { skip: skipWithout('promtool') }, async () => {
    const { status, stdout, stderr } = spawnSync(findProgram('promtool') ?? '', ['check', 'metrics'], {
      input: await exposition(),
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });
});

describe('Prometheus and Alertmanager with the files of deploy/', { skip }, () => {
  let dir: string;
  let monitoring: Monitoring;
  before(async () => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'facepool-prometheus-'));
    monitoring = await startMonitoring(dir, new URL(server.url).host, {
      FacepoolWorkerDown: '500ms',
      FacepoolGpuHot: '500ms',
    });
  });
  after(async () => {
    await monitoring?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const query = async (expr: string) => {
    const data = await monitoring.ask(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    return vectorSchema.parse(data).result;
  };

  it('read the server without an error', async () => {
    const schema = z.object({ activeTargets: z.array(z.looseObject({ health: z.string(), lastError: z.string() })) });
    const target = await until('the server is scraped', 10_000, async () => {
      const [found] = schema.parse(await monitoring.ask('/api/v1/targets')).activeTargets;
      return found?.health !== 'unknown' && found;
    });
    assert.deepEqual([target.health, target.lastError], ['up', '']);
    const states = await query('facepool_worker_state{state="ready"} == 1');
    for (const model of MODELS)
      assert.ok(
        states.some(({ metric }) => metric['model'] === model),
        model,
      );
  });

  it('evaluate every rule, and every expression of the dashboard', async () => {
    const rule = z.looseObject({ name: z.string(), health: z.string(), lastError: z.string().optional() });
    const schema = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) });
    const rules = await until('all rules were evaluated', 15_000, async () => {
      const all = schema.parse(await monitoring.ask('/api/v1/rules')).groups.flatMap((group) => group.rules);
      return all.every(({ health }) => health !== 'unknown') && all;
    });
    assert.ok(rules.length > 30);
    assert.deepEqual(
      rules.filter(({ health, lastError }) => health !== 'ok' || (lastError ?? '') !== ''),
      [],
    );
    const dashboard: unknown = JSON.parse(readFileSync(path.join(ROOT, 'deploy/grafana/facepool.json'), 'utf8'));
    const expressions = [...JSON.stringify(dashboard).matchAll(/"expr":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '""']) => {
        return String(JSON.parse(text))
          .replaceAll('$__rate_interval', '1m')
          .replaceAll(/\$(?:job|instance)/g, '.*');
      },
    );
    assert.ok(expressions.length > 50);
    for (const expr of expressions) await query(expr);
  });

  it('record rates and percentiles of real requests', async () => {
    for (let i = 0; i < 5; i++) await post(server, '/detect', portrait());
    for (const expr of [
      'instance_route:facepool_requests:rate5m{route="detect"} > 0',
      'instance_route:facepool_request_duration_seconds:p99_5m{route="detect"} > 0',
      'instance:facepool_picture_errors:ratio_rate5m == 0',
    ]) {
      const [found] = await until(expr, 10_000, async () => {
        const result = await query(expr);
        return result.length > 0 && result;
      });
      assert.ok(Number(found?.value[1]) < 60, expr);
    }
  });

  it('tell of a card that gets hot and of its Xid error, and that it is cool again', { skip: noCard }, async () => {
    const about = (alertname: string, status: string) =>
      monitoring.notified().find((alert) => alert.labels['alertname'] === alertname && alert.status === status);
    card.write({ gpus: [{ ...CARD, temperature: HOT }], events: [{ seq: 1, gpu: 0, data: 79 }] });
    const hot = await until('heat is told', 20_000, () => about('FacepoolGpuHot', 'firing'));
    assert.equal(hot.labels['gpu'], CARD.uuid);
    assert.match(hot.annotations['summary'] ?? '', new RegExp(`^${CARD.uuid} on .* has ${HOT} °C$`));
    const xid = await until('the Xid error is told', 20_000, () => about('FacepoolGpuXid', 'firing'));
    assert.deepEqual([xid.labels['gpu'], xid.labels['xid']], [CARD.uuid, '79']);
    card.write({ gpus: [CARD], events: [{ seq: 1, gpu: 0, data: 79 }] });
    await until('that it is cool is told', 20_000, () => about('FacepoolGpuHot', 'resolved'));
    const [temperature] = await query(
      'facepool_gpu_temperature_celsius * on (gpu) group_left (name) facepool_gpu_info',
    );
    assert.deepEqual([temperature?.metric['name'], temperature?.value[1]], [CARD.name, String(COOL)]);
  });

  it('tell of a worker that is killed again and again, and that it came back', { timeout: 170_000 }, async () => {
    const about = (status: string) =>
      monitoring.notified().find(({ labels, ...alert }) => {
        const { alertname, model } = labels;
        return alertname === 'FacepoolWorkerDown' && model === 'detector' && alert.status === status;
      });
    const schema = z.array(z.looseObject({ labels: z.record(z.string(), z.string()) }));
    const isShown = async (): Promise<boolean> => {
      const shown = schema.parse(await (await fetch(`${monitoring.alertmanager}/api/v2/alerts`)).json());
      return shown.some(({ labels }) => labels['alertname'] === 'FacepoolWorkerDown');
    };
    const killed = new Set<number>();
    await until('the alert fires, and is shown', 60_000, async () => {
      if (about('firing') !== undefined && killed.size > 1 && (await isShown())) return true;
      const { state, pid } = await server.model('detector');
      if (state === 'ready' && pid !== null) {
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
      return false;
    });
    const fired = about('firing');
    assert.equal(fired?.labels['severity'], 'warning');
    assert.match(fired?.annotations['summary'] ?? '', /^detector on 127\.0\.0\.1:\d+ has not been ready for a minute$/);
    const restarts = await until('restarts are counted', 30_000, async () => {
      const found = await query('sum(facepool_worker_restarts_total{model="detector", reason!="manual"}) > 1');
      return found.length > 0 && found;
    });
    assert.ok(Number(restarts[0]?.value[1]) > 1);
    await until('that it is over arrives too', 40_000, () => about('resolved'));
    await until('it is ready', 30_000, async () => (await server.model('detector')).state === 'ready');
    assert.equal((await post(server, '/detect', portrait())).status, 200);
  });
});
