import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createGallery } from '../../src/gallery/create-gallery.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { systemClock } from '../../src/util/clock.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { newFace, unit } from '../fixtures/people-rig.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const { signal } = new AbortController();

function open(t: TestContext, dataDir: string, encryption_key_file = '', space = 'a') {
  const defaults = testSettings(dataDir);
  const told: string[] = [];
  const mismatches: string[] = [];
  const metrics = createMetrics({ tritonNames: false });
  const parts = createGallery({
    settings: { ...defaults, people: { ...defaults.people, encryption_key_file } },
    clock: systemClock,
    metrics,
    log: { error: (_: unknown, what?: string) => void told.push(String(what)), info: () => {} },
    serving: () => [{ space, dim: 4 }],
    onMismatch: (detail) => void mismatches.push(detail),
  });
  t.after(() => parts.close());
  return { ...parts, metrics, told, mismatches };
}

async function stateOf({ people }: ReturnType<typeof open>): Promise<string> {
  // The store tells when it is open; nothing else does.
  while (people.status().state === 'loading') await new Promise((resolve) => setTimeout(resolve, 5));
  return people.status().state;
}

test('a server without people writes nothing', async (t) => {
  const dataDir = tempDir(t);
  const own = open(t, dataDir);
  own.start();
  assert.deepEqual(await own.gallery.match('default', 'a', [unit(1)], 1, signal), [[]]);
  await own.close();
  assert.deepEqual(readdirSync(dataDir), []);
});

test('a recognizer of another space after a restart: told at once, and what to do', async (t) => {
  const dataDir = tempDir(t);
  const first = open(t, dataDir);
  first.start();
  await first.gallery.add(newFace('anna', 1));
  assert.deepEqual([first.people.status().mismatch, first.mismatches], [null, []]);
  await first.close();

  const second = open(t, dataDir, '', 'b');
  second.start();
  assert.equal(await stateOf(second), 'ready');
  const { mismatch } = second.people.status();
  assert.deepEqual(
    { ...mismatch, detail: '' },
    { collections: ['default'], count: 1, faces: 1, spaces: ['a'], detail: '' },
  );
  assert.match(
    mismatch?.detail ?? '',
    /"default" are known in the space a, and the recognizer makes b: .*facepool swap/,
  );
  assert.deepEqual([second.mismatches, second.told], [[mismatch?.detail], [mismatch?.detail]]);
  assert.match(await second.metrics.registry.metrics(), /facepool_people_mismatched_faces 1\n/);
});

test('people outlive the server, in a file of their own that others cannot read', async (t) => {
  const dataDir = tempDir(t);
  const first = open(t, dataDir);
  first.start();
  await first.gallery.add(newFace('anna', 1));
  assert.match(await first.metrics.registry.metrics(), /facepool_people_faces 1\n/);
  assert.match(await first.metrics.registry.metrics(), /facepool_people_write_seconds_count\{op="add_face"\} 1\n/);
  await first.close();
  assert.equal(statSync(path.join(dataDir, 'people.db')).mode & 0o077, 0);

  const second = open(t, dataDir);
  second.start();
  assert.equal(await stateOf(second), 'ready');
  const [hits] = await second.gallery.match('default', 'a', [unit(1)], 1, signal);
  assert.equal(hits?.[0]?.subject, 'anna');
  assert.match(await second.metrics.registry.metrics(), /facepool_people_search_seconds_count 1\n/);
});

test('a backup is a private copy, and what a killed server left of one goes at the next opening', async (t) => {
  const dataDir = tempDir(t);
  const copies = path.join(dataDir, 'tmp', 'people-backups');
  mkdirSync(copies, { recursive: true });
  writeFileSync(path.join(copies, 'left.db'), 'half a copy');
  const own = open(t, dataDir);
  await own.gallery.add(newFace('anna', 1));
  assert.equal(existsSync(copies), false);
  const { file, bytes } = await own.people.backup(signal);
  assert.deepEqual([path.dirname(file), statSync(file).size, statSync(file).mode & 0o077], [copies, bytes, 0]);
  await own.gallery.add(newFace('ben', 2));
  const { ok, faces } = await own.people.restore(file);
  assert.deepEqual([ok, faces, own.people.status().faces], [true, 1, 1]);
  assert.deepEqual((await own.gallery.match('default', 'a', [unit(2)], 5, signal))[0]?.length, 1);
});

test('a key that is missing or wrong is told in words, and nobody is called unknown', async (t) => {
  const dataDir = tempDir(t);
  const keyFile = (name: string, byte: string): string => {
    const file = path.join(dataDir, name);
    writeFileSync(file, byte.repeat(32), { mode: 0o600 });
    return file;
  };
  const first = open(t, dataDir, keyFile('right', 'ab'));
  await first.gallery.add(newFace('anna', 1));
  await first.close();
  for (const file of ['', keyFile('wrong', 'cd'), path.join(dataDir, 'nowhere')]) {
    const own = open(t, dataDir, file);
    own.start();
    assert.equal(await stateOf(own), 'failed');
    assert.match(own.people.status().detail, /key/);
    assert.ok(!own.people.status().detail.includes(dataDir), own.people.status().detail);
    await assert.rejects(own.gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'people_unavailable' });
    assert.deepEqual(own.told, ['people cannot be opened']);
    await own.close();
  }
  const again = open(t, dataDir, path.join(dataDir, 'right'));
  again.start();
  assert.equal(await stateOf(again), 'ready');
});

test('a copy takes the place of a store that is damaged, and one that is no copy does not', async (t) => {
  const dataDir = tempDir(t);
  const first = open(t, dataDir);
  await first.gallery.add(newFace('anna', 1));
  const { file } = await first.people.backup(signal);
  const copy = path.join(tempDir(t), 'copy.db');
  copyFileSync(file, copy);
  await first.close();
  writeFileSync(path.join(dataDir, 'people.db'), 'not a database at all'.repeat(1000));

  const second = open(t, dataDir);
  second.start();
  assert.equal(await stateOf(second), 'failed');
  await assert.rejects(second.people.restore(path.join(dataDir, 'people.db')), { code: 'invalid_argument' });
  assert.equal(await stateOf(second), 'failed');
  await assert.rejects(second.gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'people_unavailable' });
  assert.equal((await second.people.restore(copy)).ok, true);
  assert.equal((await second.gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
  await second.gallery.add(newFace('ben', 2));
});
