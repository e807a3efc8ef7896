/** A collection of the real store that takes longer to erase than its request may take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGallery } from '../../../src/gallery/create-gallery.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { testSettings } from '../../fixtures/fake-server.ts';
import { DIM, newFace } from '../../fixtures/people-rig.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { peopleClient } from '../support/people-client.ts';
import { until } from '../support/server.ts';

/** Of a deletion that takes several transactions. */
const FACES = 1200;

test('goes on after 202, ends, and leaves nothing', async (t) => {
  const parts = createGallery({
    settings: testSettings(tempDir(t)),
    clock: systemClock,
    metrics: createMetrics({ tritonNames: false }),
    log: { error: () => {}, info: () => {} },
    serving: () => [{ space: 'a', dim: DIM }],
    onMismatch: () => {},
  });
  t.after(() => parts.close());
  await parts.people.createCollection('staff');
  const names = Array.from({ length: FACES }, (_, i) => newFace(`p${i % 40}`, i + 1, { collection: 'staff' }));
  await Promise.all(names.map((face) => parts.gallery.add(face)));
  const { ask, refused } = await peopleClient(t, { ...parts.people }, { limits: { timeout_ms: 1 } });

  const answer = await ask('DELETE', '/v1/collections/staff');
  assert.equal(answer.status, 202);
  assert.deepEqual([parts.people.status().erasing, parts.people.status().faces], [1, 0]);
  assert.equal((await refused('GET', '/v1/collections/staff')).code, 'not_found');
  await until(() => parts.people.status().erasing === 0);
  const { ok, collections, subjects, faces } = await parts.people.check();
  assert.deepEqual([ok, collections, subjects, faces], [true, 0, 0, 0]);
});
