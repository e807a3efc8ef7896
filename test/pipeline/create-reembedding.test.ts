/** Put together on a real supervisor and rollout with scripted processes; embedding itself is in test/e2e/people-reembed.test.ts. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createReembedPort } from '../../src/gallery/reembed-port.ts';
import { createReembedding } from '../../src/pipeline/create-reembedding.ts';
import { PoisonMemory } from '../../src/pipeline/poison-memory.ts';
import { recognizerManifest } from '../fixtures/manifests.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';
import { scene } from '../rollout/support.ts';

const { space: SPACE } = recognizerManifest().recognizer;

async function setUp(t: TestContext) {
  const s = scene(t);
  await s.supervisor.start();
  const { gallery } = peopleRig();
  const errors: unknown[] = [];
  const port = createReembedPort(gallery);
  const parts = createReembedding({
    settings: s.settings,
    clock: s.clock,
    metrics: s.metrics,
    poison: new PoisonMemory({ ttlMs: 1000, limit: 2, clock: s.clock }),
    events: s.events,
    log: { error: (fields: unknown) => void errors.push(fields) },
    routers: s.routers,
    versions: s.versions,
    ports: s.ports,
    traffic: s.traffic,
    aliases: s.aliases,
    people: { gallery, port },
  });
  const enrol = (subject: string, seed: number) =>
    gallery.add(newFace(subject, seed, { embeddings: new Map([[SPACE, unit(seed)]]) }));
  return { ...s, ...parts, gallery, port, errors, enrol };
}

test('the version that serves is lent, and held meanwhile', async (t) => {
  const { embedIn, traffic } = await setUp(t);
  const { model, end } = await embedIn('recognizer', SPACE);
  assert.deepEqual([model.name, model.manifest.recognizer.space], ['recognizer', SPACE]);
  assert.equal(traffic.held('recognizer'), 1);
  end();
  assert.equal(traffic.held('recognizer'), 0);
  await assert.rejects(embedIn('recognizer', 'another'), { code: 'space_mismatch' });
});

test('a job makes the version a shadow, and none again where somebody has no crop', async (t) => {
  const s = await setUp(t);
  await s.enrol('Anna', 1);
  const begun = await s.reembedding.start({ model: 'recognizer', version: 'r2' });
  assert.deepEqual([begun.state, begun.from, begun.to], ['running', SPACE, 'another']);
  await s.until('the job has ended', () => s.reembedding.status()?.ended_at !== null);
  const told = s.reembedding.status();
  assert.deepEqual([told?.state, told?.missing], ['failed', [{ collection: 'default', subject: 'Anna', faces: 1 }]]);
  const { shadow, history } = s.aliases.state('recognizer');
  assert.equal(shadow, null);
  assert.deepEqual(
    history.slice(-2).map((change) => [change.action, change.shadow?.version ?? null, change.by, change.why]),
    [
      ['shadow', 'r2', 'facepool', 'people are embedded anew'],
      ['rollback', null, 'facepool', 'people were not embedded anew'],
    ],
  );
  await s.until('its process is gone', () => s.ports.entryOf('recognizer', 'r2') === null);
  assert.deepEqual(s.errors, []);
});

test('a space that no version embeds in any more goes when somebody asks for it', async (t) => {
  const s = await setUp(t);
  const end = s.start();
  const { face_id: faceId } = await s.enrol('Anna', 1);
  await s.port.addVectors({ space: 'another', dim: 4 }, [{ faceId, vector: unit(101) }]);
  await s.port.complete(SPACE, 'another');
  assert.deepEqual(s.gallery.spacesOf('default'), [SPACE, 'another']);
  await assert.rejects(s.embedIn('recognizer', 'another'), { code: 'space_mismatch' });
  assert.deepEqual(s.gallery.spacesOf('default'), [SPACE], 'who asks again is not refused');
  end();
});

test('the swap that ends tidies; the server that ends cuts a job off and begins none', async (t) => {
  const s = await setUp(t);
  const end = s.start();
  const swap = await s.versions.swap('recognizer', s.request('r2'), 'anna');
  assert.equal((await s.over(swap)).state, 'done');
  await s.gallery.add(newFace('Anna', 1, { embeddings: new Map([['another', unit(1)]]) }));
  assert.equal((await s.embedIn('recognizer', SPACE)).model.ref().version, 'omz-0095', 'for the way back');
  await s.reembedding.start({ model: 'recognizer', version: 'omz-0095' });
  end();
  await s.until('the job has ended', () => s.reembedding.status()?.ended_at !== null);
  assert.equal(s.reembedding.status()?.state, 'cancelled');
  await assert.rejects(s.reembedding.start({ model: 'recognizer', version: 'omz-0095' }), { code: 'shutting_down' });
  assert.deepEqual(s.errors, []);
});
