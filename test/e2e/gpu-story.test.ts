/**
 * A real server whose monitor reads a scripted driver: two cards, one that fills up, an Xid, one that is lost, a driver
 * that hangs. The models run on the CPU: what is shown is what the driver says, and serving goes on whatever it does.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  alertsAnswerSchema,
  eventsAnswerSchema,
  gpuAnswerSchema,
  historyAnswerSchema,
  type StoredEvent,
} from '../../src/contract/history.ts';
import { buildFakeNvml, type FakeGpu, type FakeScript, noFakeNvml, scriptFile } from '../fixtures/nvml/fake-nvml.ts';
import { detect } from './support/client.ts';
import { DETECTOR_ALONE, startServer, type TestServer } from './support/server.ts';
import { picture, skip as noShared } from './support/shared.ts';
import { until } from './support/until.ts';

const GB = 2 ** 30;
const first: FakeGpu = {
  uuid: 'GPU-00000000-aaaa',
  name: 'NVIDIA GeForce RTX 3060',
  gpuUtil: 40,
  memoryTotal: 6 * GB,
  memoryUsed: 2 * GB,
  memoryReserved: GB / 4,
  temperature: 61,
  powerMilliwatt: 120_500,
  powerLimitMilliwatt: 170_000,
  compute: [{ pid: 4242, memory: 2 * GB }],
};
const second: FakeGpu = {
  uuid: 'GPU-00000000-bbbb',
  name: 'NVIDIA T400',
  memoryTotal: 2 * GB,
  memoryUsed: GB / 8,
  // Xids.
  supportedEvents: 8,
};
const calm: FakeScript = { driver: '570.124.06', gpus: [first, second] };

const skip = noShared || (await noFakeNvml());
const portrait = (): Buffer => picture('photos/person-vlado.jpg');

describe('the story of two cards', { skip }, () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'facepool-gpu-story-'));
  const script = scriptFile(dir);
  const told: { readonly status: string; readonly alerts: readonly { readonly labels: Record<string, string> }[] }[] =
    [];
  const receiver = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      told.push(JSON.parse(Buffer.concat(parts).toString()));
      res.end();
    });
  });
  let server: TestServer;

  before(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = receiver.address();
    assert.ok(address !== null && typeof address === 'object');
    script.write(calm);
    server = await startServer({
      env: {
        ...script.env,
        ...DETECTOR_ALONE,
        FACEPOOL_MONITOR_NVML_LIBRARY: await buildFakeNvml(),
        FACEPOOL_MONITOR_SAMPLE_MS: '500',
        FACEPOOL_MONITOR_TIMEOUT_MS: '1500',
        FACEPOOL_ALERT_RULES_MEMORY_FULL_FOR_MS: '1000',
        FACEPOOL_ALERTS_WEBHOOKS: `http://127.0.0.1:${address.port}/hook`,
      },
    });
  });
  after(async () => {
    await server?.stop();
    receiver.closeAllConnections();
    receiver.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const get = async (route: string): Promise<unknown> => (await fetch(`${server.url}${route}`)).json();
  const gpu = async () => gpuAnswerSchema.parse(await get('/v1/gpu'));
  const events = async (type: string): Promise<readonly StoredEvent[]> =>
    eventsAnswerSchema.parse(await get(`/v1/events?format=json&types=${type}`)).events;

  it('shows every card, and what a card does not say is null', async () => {
    const { gpus, driver } = await until('both cards', 15_000, async () => {
      const answer = await gpu();
      return answer.gpus.length === 2 && answer;
    });
    assert.deepEqual([driver.state, driver.version], ['ok', '570.124.06']);
    const [one, two] = gpus;
    assert.deepEqual([one?.name, one?.gpu_util, one?.temperature, one?.power_draw], [first.name, 40, 61, 120.5]);
    assert.deepEqual([one?.memory_used, one?.memory_total], [2 * GB, 6 * GB]);
    assert.deepEqual(one?.processes, [{ pid: 4242, worker: null, memory: 2 * GB, sm_util: null }]);
    assert.deepEqual([two?.gpu_util, two?.temperature, two?.power_draw], [null, null, null]);
  });

  it('is told to Prometheus: no series for what is not known', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(text, /facepool_gpu_utilization_ratio\{[^}]*aaaa[^}]*\} 0\.4/);
    assert.doesNotMatch(text, /facepool_gpu_utilization_ratio\{[^}]*bbbb/);
    assert.match(text, /facepool_gpu_info\{[^}]*driver="570\.124\.06"[^}]*\} 1/);
  });

  it('a card that is lost', async () => {
    script.write({ ...calm, gpus: [first, { ...second, lost: true }] });
    await until('it is lost', 15_000, async () => (await gpu()).gpus.some(({ state }) => state === 'lost'));
    assert.equal((await events('gpu_lost')).length, 1);
    assert.equal((await detect(server, portrait())).faces.length, 1);
    // It is looked for in ten seconds; meanwhile the other one is read on, as the next tests show.
    script.write(calm);
  });

  it('keeps a history, as JSON and as the CSV that monitoring scripts expect', async () => {
    await until('three seconds', 15_000, async () => {
      const answer = historyAnswerSchema.parse(await get('/v1/gpu/history?from=-1m&step=1'));
      const util = answer.devices.find(({ id }) => id === first.uuid)?.columns.gpu_util ?? [];
      return util.filter((value) => value === 40).length >= 3;
    });
    const csv = await (await fetch(`${server.url}/v1/gpu/history?from=-1m&step=1&format=csv`)).text();
    const [header, ...rows] = csv.trimEnd().split('\n');
    assert.equal(header, 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw');
    const full = rows.filter((row) => !row.endsWith(',,,,,'));
    assert.match(full.at(-1) ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6},40,2147483648,6442450944,61,120\.5$/);
  });

  it('a card that fills up: a warning, an alert, an event, a call of the webhook; and all is well again', async () => {
    script.write({ ...calm, gpus: [{ ...first, memoryUsed: 5.9 * GB }, second] });
    const firing = async (): Promise<boolean> => {
      const { alerts } = alertsAnswerSchema.parse(await get('/v1/alerts'));
      return alerts.some(
        ({ rule, subject, state }) => rule === 'memory-full' && subject === first.uuid && state === 'firing',
      );
    };
    await until('the alert fires', 15_000, firing);
    assert.equal((await gpu()).warnings.length, 1);
    await until('the webhook is called', 15_000, () => told.some(({ status }) => status === 'firing'));
    const [event] = await events('alert');
    assert.match(event?.text ?? '', /memory/);
    script.write(calm);
    await until('the alert ends', 15_000, async () => !(await firing()));
    await until('the webhook is told', 15_000, () => told.at(-1)?.status === 'resolved');
  });

  it('a lost card comes back', async () => {
    await until('it is back', 30_000, async () => (await events('gpu_back')).length === 1);
    assert.equal((await gpu()).gpus.find(({ id }) => id === second.uuid)?.memory_used, GB / 8);
  });

  it('an Xid is an event with its meaning', async () => {
    script.write({ ...calm, events: [{ seq: 1, gpu: 1, type: 8, data: 31 }] });
    const found = await until('the Xid', 15_000, async () => (await events('xid')).at(-1));
    assert.equal(found.subject, second.uuid);
    assert.equal(found.details['xid'], 31);
    assert.match(
      await (await fetch(`${server.url}/metrics`)).text(),
      /facepool_gpu_xid_errors_total\{[^}]*xid="31"[^}]*\} 1/,
    );
  });

  it('a driver that hangs: serving never notices, the monitor is replaced, and /proc is read all the same', async () => {
    const before = (await server.model('monitor')).restarts;
    script.write({ ...calm, hangs: ['nvmlDeviceGetUtilizationRates'] });
    await until('the monitor is replaced', 20_000, async () => (await server.model('monitor')).restarts > before);
    assert.equal((await detect(server, portrait())).faces.length, 1);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    const left = await until('the driver is left alone', 60_000, async () => {
      const answer = await gpu();
      return answer.driver.state === 'error' && answer.host !== null && answer;
    });
    assert.match(left.driver.detail, /did not answer/);
    assert.deepEqual(left.gpus, []);
    assert.ok(left.workers.find(({ name }) => name === 'detector')?.memory);
  });

  it('a monitor that is killed is back, and nobody noticed', async () => {
    const { pid, restarts } = await server.model('monitor');
    assert.ok(pid !== null);
    process.kill(pid, 'SIGKILL');
    await until('it is back', 15_000, async () => {
      const now = await server.model('monitor');
      return now.state === 'ready' && now.restarts > restarts;
    });
    assert.equal((await detect(server, portrait())).faces.length, 1);
  });
});
