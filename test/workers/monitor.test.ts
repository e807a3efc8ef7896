/** The monitor as a process: real channel, real koffi, a library that says what the script says. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { MonitorEvent } from '../../src/contract/monitor.ts';
import { PROTOCOL_VERSION } from '../../src/contract/protocol.ts';
import { buildFakeNvml, fakeGpu, noFakeNvml, scriptFile } from '../fixtures/nvml/fake-nvml.ts';
import type { FakeScript } from '../fixtures/nvml/fake-nvml.ts';
import { forkMonitor } from '../fixtures/nvml/forked-monitor.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const skip = await noFakeNvml();
const noProc = existsSync('/proc/self/stat') ? false : 'no /proc';

async function rig(t: TestContext, script: FakeScript, without: readonly string[] = []) {
  const file = scriptFile(tempDir(t));
  file.write(script);
  const library = await buildFakeNvml(without);
  const monitor = forkMonitor(t, file.env);
  monitor.configure(library);
  const stop = async (): Promise<void> => {
    monitor.send({ type: 'stop' });
    assert.deepEqual(await monitor.exit, { code: 0, signal: null });
    assert.equal(monitor.stderr(), '');
    assert.deepEqual(
      file.log().filter((line) => line.startsWith('fault')),
      [],
    );
  };
  return { monitor, script: file, stop };
}

test('hello; two cards, a process that grows, an Xid, a lost card; stop', { skip }, async (t) => {
  const process42 = (memory: number) => fakeGpu(1, { compute: [{ pid: 42, memory }] });
  const { monitor, script, stop } = await rig(t, { driver: '580.65.06', gpus: [fakeGpu(0), process42(1000)] });
  const { pid, kind, v, runtime } = await monitor.hello;
  assert.deepEqual({ pid, kind, v }, { pid: monitor.pid, kind: 'monitor', v: PROTOCOL_VERSION });
  assert.match(runtime, /^koffi \d/);

  const first = await monitor.sample([monitor.pid, process.pid]);
  assert.deepEqual(first.driver, { state: 'ok', detail: '', driverVersion: '580.65.06' });
  assert.deepEqual(
    first.gpus.map(({ index, gpuUtil, state }) => [index, gpuUtil, state]),
    [
      [0, 57, 'ok'],
      [1, 57, 'ok'],
    ],
  );
  assert.deepEqual(
    first.processes.map((it) => it.pid),
    [monitor.pid, process.pid],
  );
  assert.ok(Math.abs(first.at - Date.now()) < 10_000);

  script.write({ gpus: [fakeGpu(0), process42(9_000_000_000)] });
  const grown = await monitor.sample();
  assert.deepEqual(grown.gpus[1]?.processes, [{ pid: 42, memoryBytes: 9_000_000_000, smUtil: 0 }]);

  const events: MonitorEvent[] = [];
  const until = (type: MonitorEvent['type']): Promise<void> =>
    t.waitFor(
      async () => {
        events.push(...(await monitor.sample()).events);
        assert.ok(events.some((event) => event.type === type));
      },
      { interval: 10, timeout: 10_000 },
    );
  script.write({ gpus: [fakeGpu(0), process42(1)], events: [{ seq: 1, gpu: 0, data: 79 }] });
  await until('xid');
  script.write({ gpus: [fakeGpu(0, { lost: true }), process42(1)] });
  await until('gpu_lost');
  assert.deepEqual(
    events.map((event) => ({ ...event, at: 0 })),
    [
      { type: 'xid', index: 0, uuid: fakeGpu(0).uuid, xid: 79, at: 0 },
      { type: 'gpu_lost', index: 0, uuid: fakeGpu(0).uuid, at: 0 },
    ],
  );
  assert.deepEqual(
    (await monitor.sample()).gpus.map(({ state }) => state),
    ['lost', 'ok'],
  );
  await stop();
});

test('no CUDA context: the driver’s CUDA library is not even loaded', { skip }, async (t) => {
  const { monitor, stop } = await rig(t, { gpus: [fakeGpu(0)] });
  await monitor.sample();
  const maps = readFileSync(`/proc/${monitor.pid}/maps`, 'utf8');
  assert.match(maps, /libnvidia-ml\.so\.1/);
  assert.doesNotMatch(maps, /libcuda/);
  await stop();
});

test('MIG devices, and pids of another namespace, as the driver tells them', { skip }, async (t) => {
  const mig = [{ uuid: 'MIG-a', memoryTotal: 5, memoryUsed: 2, compute: [{ pid: 4_000_000, memory: -1 }] }];
  const { monitor, stop } = await rig(t, { gpus: [fakeGpu(0, { migMode: 1, mig })] });
  const { gpus } = await monitor.sample();
  assert.deepEqual(
    gpus.map(({ uuid, parentUuid }) => [uuid, parentUuid]),
    [
      [fakeGpu(0).uuid, null],
      ['MIG-a', fakeGpu(0).uuid],
    ],
  );
  assert.deepEqual(gpus[1]?.processes, [{ pid: 4_000_000, memoryBytes: null, smUtil: null }]);
  await stop();
});

test('an old driver: less is known, and nothing fails', { skip }, async (t) => {
  const without = ['Compute', 'Graphics', 'MPSCompute']
    .flatMap((kind) => ['_v2', '_v3'].map((age) => `nvmlDeviceGet${kind}RunningProcesses${age}`))
    .concat('nvmlDeviceGetMemoryInfo_v2', 'nvmlDeviceGetMigMode', 'nvmlEventSetWait_v2', 'nvmlDeviceGetPciInfo_v3');
  const { monitor, stop } = await rig(t, { gpus: [fakeGpu(0, { compute: [{ pid: 1, memory: 2 }] })] }, without);
  assert.partialDeepStrictEqual((await monitor.sample()).gpus, [
    { state: 'ok', memoryReserved: null, migEnabled: null, pciBusId: null, processes: [{ pid: 1, memoryBytes: 2 }] },
  ]);
  await stop();
});

for (const [code, state] of Object.entries({ 18: 'mismatch', 4: 'no_permission', 9: 'no_driver' })) {
  test(`init answers ${code}: ${state}, and everything else is alive`, { skip }, async (t) => {
    const { monitor, script, stop } = await rig(t, {
      gpus: [],
      returns: [{ function: 'nvmlInit_v2', value: Number(code) }],
    });
    const { driver, gpus, host, processes } = await monitor.sample([process.pid]);
    assert.deepEqual([driver.state, gpus, processes.length, host.cores > 0], [state, [], 1, true]);
    await stop();
    assert.deepEqual(script.log(), [`init ${code}`]);
  });
}

test('no library on this machine, or none wanted', { skip: noProc }, async (t) => {
  for (const [library, state] of [['/nowhere/libnvidia-ml.so.1', 'no_library'] as const, ['off', 'off'] as const]) {
    const monitor = forkMonitor(t);
    monitor.configure(library);
    const { driver, processes } = await monitor.sample([process.pid, 2 ** 22 + 1]);
    assert.equal(driver.state, state);
    assert.deepEqual(
      processes.map((it) => it.pid),
      [process.pid],
    );
    monitor.send({ type: 'stop' });
    assert.deepEqual(await monitor.exit, { code: 0, signal: null });
  }
});

for (const name of ['nvmlInit_v2', 'nvmlDeviceGetTemperature']) {
  test(`a driver that hangs in ${name}: the call has begun, and SIGKILL ends the process`, { skip }, async (t) => {
    const { monitor } = await rig(t, { gpus: [fakeGpu(0)], hangs: [name] });
    const begun = monitor.begun();
    const failed = assert.rejects(monitor.sample(), /the monitor ended: SIGKILL/);
    assert.equal(await begun, 1);
    monitor.kill('SIGKILL');
    assert.deepEqual(await monitor.exit, { code: null, signal: 'SIGKILL' });
    await failed;
  });
}

test('a sample before it is configured is refused, and later ones are answered', async (t) => {
  const monitor = forkMonitor(t);
  await assert.rejects(monitor.sample(), { code: 'conflict' });
  monitor.configure('off');
  assert.equal((await monitor.sample()).driver.state, 'off');
});
