/** kill -9 right after the 202 of a deletion: it is not forgotten. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from '../../src/gallery/store/sqlite-store.ts';
import { peopleRig, unit } from '../fixtures/people-rig.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { until } from '../http/support/server.ts';

const CHILD = fileURLToPath(new URL('./support/erasing-child.ts', import.meta.url));
const FACES = 600;

/** Of a server with so many in `staff`, and anna in `default`. */
async function startChild(t: TestContext, folder: string) {
  const child = spawn(process.execPath, [CHILD, folder, String(FACES)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  for await (const url of createInterface({ input: child.stdout })) return { url, kill };
  throw new Error('the server did not start');
}

it('a collection whose deletion was accepted is deleted, whatever is killed then', async (t) => {
  const folder = tempDir(t);
  const { url, kill } = await startChild(t, folder);
  const answer = await fetch(`${url}/v1/collections/staff`, { method: 'DELETE' });
  assert.equal(answer.status, 202);
  await kill();

  const store = createSqliteStore({ file: path.join(folder, 'people.db'), key: null });
  const { people, gallery, signal } = peopleRig({ store, exists: true });
  t.after(() => gallery.opening.close());
  gallery.opening.start();
  await until(() => people.status().state !== 'loading');
  const { state, faces, collections } = people.status();
  assert.deepEqual([state, faces, collections], ['ready', 1, 1]);
  await assert.rejects(people.collection('staff'), { code: 'not_found' });
  await assert.rejects(gallery.match('staff', 'a', [unit(1)], 1, signal), { code: 'not_found' });
  const [hits] = await gallery.match('default', 'a', [unit(9999)], 1, signal);
  assert.equal(hits?.[0]?.subject, 'anna');
  await until(() => people.status().erasing === 0);
  const checked = await people.check();
  assert.deepEqual([checked.ok, checked.subjects, checked.faces], [true, 1, 1]);
});
