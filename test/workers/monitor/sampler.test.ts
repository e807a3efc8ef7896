import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { createSampler } from '../../../workers/monitor/sampler.ts';
import { buildFakeNvml, fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeScript } from '../../fixtures/nvml/in-process.ts';

test('without GPUs everything else is alive', { skip: process.platform !== 'linux' && 'no /proc' }, async (t) => {
  const sampler = createSampler({ nvmlLibrary: 'off', wall: () => 1234 });
  t.after(() => sampler.stop());
  const sample = sampler.sample({ pids: [process.pid] });
  assert.equal(sample.at, 1234);
  assert.deepEqual([sample.driver.state, sample.gpus, sample.events], ['off', [], []]);
  assert.ok(sample.host.cores > 0 && (sample.host.memoryUsed ?? 0) > 0);
  assert.equal(sample.processes.length, 1);
  assert.ok((sample.processes[0]?.pss ?? 0) > 2 ** 20);
  assert.ok(sample.tookMs >= sample.nvmlMs && sample.nvmlMs >= 0);
  // It travels between processes.
  assert.deepEqual(structuredClone(sample), sample);
});

test('the time in the driver is told apart', { skip: await noFakeNvml() }, async (t) => {
  fakeScript(t, { gpus: [fakeGpu(0)], delays: [{ function: 'nvmlDeviceGetPcieThroughput', value: 100 }] });
  const sampler = createSampler({ nvmlLibrary: await buildFakeNvml() });
  t.after(() => sampler.stop());
  const { nvmlMs, tookMs, gpus } = sampler.sample({ pids: [] });
  assert.ok(nvmlMs >= 200 && tookMs >= nvmlMs, `${nvmlMs} of ${tookMs}`);
  assert.equal(gpus.length, 1);
  const second = sampler.sample({ pids: [] });
  assert.ok(second.nvmlMs < 200, `${second.nvmlMs}`);
});
