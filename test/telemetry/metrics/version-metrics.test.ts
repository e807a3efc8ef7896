import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { modelOfProcess, type VersionReading } from '../../../src/telemetry/metrics/version-metrics.ts';
import { series, seriesNames } from '../../fixtures/exposition.ts';

const STABLE: VersionReading = { process: 'detector', model: 'detector', version: 'a', alias: 'stable', weight: 0.9 };
const CANARY: VersionReading = { process: 'detector@b', model: 'detector', version: 'b', alias: 'canary', weight: 0.1 };
const FIGURES = { iou: null, cosineDistance: null, scoreDrift: null };

describe('metrics of versions', () => {
  it('show weights, processes and generations as they are at the scrape', async () => {
    const metrics = createMetrics();
    let versions = [STABLE, CANARY, { ...CANARY, process: 'detector@c', version: 'c', alias: null, weight: 0 }];
    metrics.observeVersions({ versions: () => versions, aliases: () => [{ model: 'detector', generation: 4 }] });
    const names = ['model_version_weight', 'model_process_info', 'model_alias_generation'];
    assert.deepEqual(series(await metrics.registry.metrics(), ...names), [
      'model_version_weight{model="detector",version="a",alias="stable"} 0.9',
      'model_version_weight{model="detector",version="b",alias="canary"} 0.1',
      'model_process_info{model="detector",configured="detector",version="a"} 1',
      'model_process_info{model="detector@b",configured="detector",version="b"} 1',
      'model_process_info{model="detector@c",configured="detector",version="c"} 1',
      'model_alias_generation{model="detector"} 4',
    ]);
    versions = [STABLE];
    assert.equal(series(await metrics.registry.metrics(), 'model_version_weight', 'model_process_info').length, 2);
  });

  it('count copies by what came of them; a figure that there is not has no sample', async () => {
    const metrics = createMetrics();
    metrics.beginShadow('detector', 'b');
    metrics.onCopy('detector', 'b', 'same', { ...FIGURES, iou: 0.97 });
    metrics.onCopy('detector', 'b', 'different', FIGURES);
    metrics.onCopy('detector', 'b', 'dropped', null);
    metrics.onCopy('recognizer', 'r', 'same', { ...FIGURES, cosineDistance: -1e-9, scoreDrift: 0.02 });
    const text = await metrics.registry.metrics();
    assert.deepEqual(series(text, 'shadow_copies_total').slice(0, 4), [
      'shadow_copies_total{model="detector",version="b",result="same"} 1',
      'shadow_copies_total{model="detector",version="b",result="different"} 1',
      'shadow_copies_total{model="detector",version="b",result="failed"} 0',
      'shadow_copies_total{model="detector",version="b",result="dropped"} 1',
    ]);
    assert.deepEqual(series(text, 'shadow_iou_ratio_count', 'shadow_cosine_distance_sum', 'shadow_score_drift_sum'), [
      'shadow_iou_ratio_count{model="detector",version="b"} 1',
      'shadow_cosine_distance_sum{model="recognizer",version="r"} 0',
      'shadow_score_drift_sum{model="recognizer",version="r"} 0.02',
    ]);
  });

  it('leave nothing of a process and of a shadow that are gone', async () => {
    const metrics = createMetrics();
    const before = seriesNames(await metrics.registry.metrics()).filter((name) => name.includes('detector'));
    assert.deepEqual(before, []);
    for (let i = 0; i < 50; i += 1) {
      const model = `detector@v${i}`;
      metrics.begin(model, true);
      metrics.setWorkerState(model, 'ready');
      metrics.inferenceDuration.observe({ model }, 0.01);
      metrics.queueWait.observe({ model }, 0.01);
      metrics.workerLoadDuration.observe({ model, phase: 'total' }, 1);
      metrics.beginShadow('detector', `v${i}`);
      metrics.onCopy('detector', `v${i}`, 'same', { iou: 1, cosineDistance: 0, scoreDrift: 0 });
      await metrics.forget(model);
      await metrics.forgetShadow('detector', `v${i}`);
    }
    const left = seriesNames(await metrics.registry.metrics()).filter((name) => name.includes('detector'));
    // Updates are the model's, not a version's.
    assert.deepEqual(left, [
      'facepool_swaps_total{model="detector",result="ok"}',
      'facepool_swaps_total{model="detector",result="failed"}',
      'facepool_swaps_total{model="detector",result="rolled_back"}',
    ]);
  });
});

describe('modelOfProcess', () => {
  it('is what stands before the version', () => {
    assert.equal(modelOfProcess('detector'), 'detector');
    assert.equal(modelOfProcess('detector@yunet-n'), 'detector');
  });
});
