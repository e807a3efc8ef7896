import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bindNvml } from '../../../workers/monitor/nvml-api.ts';
import { buildFakeNvml, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeScript } from '../../fixtures/nvml/in-process.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const skip = await noFakeNvml();

test('a driver of today has every function', { skip }, async () => {
  const api = bindNvml(await buildFakeNvml());
  const missing = Object.entries(api).filter(([, call]) => call === null);
  assert.deepEqual(missing, []);
  assert.deepEqual(
    api.processes.map(({ v3, v2, v1 }) => [v3, v2, v1].map((call) => call !== null)),
    Array.from({ length: 3 }, () => [true, true, true]),
  );
  api.unload();
});

test('what an old driver lacks is null, or its older name is taken', { skip }, async (t) => {
  fakeScript(t, { gpus: [] });
  const lacks = [
    'nvmlDeviceGetMemoryInfo_v2',
    'nvmlDeviceGetComputeRunningProcesses_v3',
    'nvmlDeviceGetCurrentClocksEventReasons',
    'nvmlEventSetWait_v2',
    'nvmlDeviceGetMigMode',
  ];
  const api = bindNvml(await buildFakeNvml(lacks));
  assert.equal(api.memoryV2, null);
  assert.equal(api.migMode, null);
  assert.equal(api.processes[0]?.v3, null);
  assert.notEqual(api.processes[0]?.v2, null);
  assert.notEqual(api.clockReasons, null);
  assert.notEqual(api.eventWait, null);
  api.unload();
});

test('no library, no ELF file, and a library of something else', { skip }, async (t) => {
  const garbage = path.join(tempDir(t), 'libnvidia-ml.so.1');
  writeFileSync(garbage, 'not a library');
  assert.throws(() => bindNvml('/nowhere/libnvidia-ml.so.1'), /No such file/);
  assert.throws(() => bindNvml(garbage), /invalid ELF header|file too short/);
  assert.throws(() => bindNvml('libc.so.6'), /nvmlInit_v2/);
});

test('loaded, unloaded and loaded again', { skip }, async (t) => {
  fakeScript(t, { gpus: [] });
  const library = await buildFakeNvml();
  for (let i = 0; i < 3; i++) {
    const api = bindNvml(library);
    assert.equal(api.init(), 0);
    assert.equal(api.shutdown(), 0);
    api.unload();
  }
});
