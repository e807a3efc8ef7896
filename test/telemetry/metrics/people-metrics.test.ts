import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PeopleStatus, REFUSALS } from '../../../src/contract/people.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { ENROLMENT_RESULTS } from '../../../src/telemetry/metrics/people-metrics.ts';
import { series } from '../../fixtures/exposition.ts';

const STATUS: PeopleStatus = {
  state: 'ready',
  detail: '',
  collections: 2,
  subjects: 30,
  faces: 100,
  store_bytes: 4096,
  index_bytes: 102_400,
  store_images: 'never',
  encrypted: false,
  retention_days: 0,
  min_margin: 0,
  erasing: 0,
  mismatch: null,
};
const COUNTS = [
  'people_collections',
  'people_subjects',
  'people_faces',
  'people_store_bytes',
  'people_index_bytes',
] as const;

describe('metrics of people', () => {
  it('show what there is, as it is at the scrape; nothing while nobody says', async () => {
    const metrics = createMetrics();
    assert.deepEqual(series(await metrics.registry.metrics(), 'people_state', ...COUNTS), []);
    let status = STATUS;
    metrics.observePeople(() => status);
    assert.deepEqual(series(await metrics.registry.metrics(), 'people_state', ...COUNTS), [
      'people_state{state="off"} 0',
      'people_state{state="empty"} 0',
      'people_state{state="loading"} 0',
      'people_state{state="ready"} 1',
      'people_state{state="failed"} 0',
      'people_collections 2',
      'people_subjects 30',
      'people_faces 100',
      'people_store_bytes 4096',
      'people_index_bytes 102400',
    ]);
    status = { ...STATUS, state: 'empty', faces: 0 };
    assert.deepEqual(series(await metrics.registry.metrics(), 'people_faces'), ['people_faces 0']);
  });

  for (const state of ['off', 'loading', 'failed'] as const) {
    it(`count nothing while they are ${state}: it is not known`, async () => {
      const metrics = createMetrics();
      metrics.observePeople(() => ({ ...STATUS, state }));
      const text = await metrics.registry.metrics();
      assert.deepEqual(series(text, ...COUNTS), []);
      assert.ok(series(text, 'people_state').includes(`people_state{state="${state}"} 1`));
    });
  }

  it('begin every outcome at 0, every refusal among them', async () => {
    const metrics = createMetrics();
    for (const refusal of REFUSALS) assert.ok(ENROLMENT_RESULTS.includes(refusal), refusal);
    metrics.peopleEnrolments.inc({ result: 'spoof_detected' });
    metrics.recognizedFaces.inc({ result: 'unknown' }, 3);
    const text = await metrics.registry.metrics();
    assert.deepEqual(
      series(text, 'people_enrolments_total'),
      ENROLMENT_RESULTS.map((result) => {
        return `people_enrolments_total{result="${result}"} ${result === 'spoof_detected' ? 1 : 0}`;
      }),
    );
    assert.deepEqual(series(text, 'recognize_faces_total'), [
      'recognize_faces_total{result="identified"} 0',
      'recognize_faces_total{result="unknown"} 3',
      'recognize_faces_total{result="untrusted"} 0',
    ]);
  });

  it('time searches and changes', async () => {
    const metrics = createMetrics();
    metrics.peopleSearchDuration.observe(0.002);
    metrics.peopleWriteDuration.observe({ op: 'add_face' }, 0.004);
    const text = await metrics.registry.metrics();
    assert.deepEqual(series(text, 'people_search_seconds_sum', 'people_write_seconds_sum'), [
      'people_search_seconds_sum 0.002',
      'people_write_seconds_sum{op="add_face"} 0.004',
    ]);
    const quick = series(text, 'people_search_seconds_bucket').find((line) => line.includes('le="0.0025"'));
    assert.match(quick ?? '', / 1$/);
  });
});
