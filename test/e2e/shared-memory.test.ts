/** Model workers really read imaging's memory: what the other tests see would be the same through the socket. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { facesOf, post } from './support/client.ts';
import { withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const MODELS = ['detector', 'recognizer', 'liveness'];
const unless = process.platform === 'linux' ? skip : 'memfd is of Linux';

type Mapping = { readonly mode: string; readonly inode: string };

/** The shared memory that a process has mapped. */
function mappings(pid: number): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('/memfd:facepool'))
    .map((line) => line.split(/\s+/))
    .map(([, mode = '', , , inode = '']) => ({ mode, inode }));
}

test('every worker maps the memory of the present imaging, for reading, and no other', { skip: unless }, async () => {
  await withServer({}, async (server) => {
    const pidOf = async (name: string): Promise<number> => (await server.model(name)).pid ?? 0;
    const inodeOf = async (name: string): Promise<string | undefined> => {
      const found = mappings(await pidOf(name));
      assert.ok(found.length <= 1, `${name} maps ${found.length}`);
      assert.ok(found.every(({ mode }) => mode === 'r--s'));
      return found[0]?.inode;
    };
    const imagingPid = await pidOf('imaging');
    const [own] = mappings(imagingPid);
    assert.ok(own?.mode === 'rw-s');
    for (const name of MODELS) {
      await until(`${name} maps it`, 20_000, async () => (await inodeOf(name)) === own.inode);
    }
    const image = picture('photos/one_face.jpg');
    assert.equal(facesOf(await post(server, '/recognize', image)).faces.length, 1);

    process.kill(imagingPid, 'SIGKILL');
    const next = await until('imaging has a successor', 20_000, async () => {
      const { state, pid } = await server.model('imaging');
      return state === 'ready' && pid !== null && pid !== imagingPid ? pid : undefined;
    });
    const [successor] = mappings(next);
    assert.notEqual(successor?.inode, own?.inode);
    for (const name of MODELS) {
      await until(`${name} maps it`, 20_000, async () => (await inodeOf(name)) === successor?.inode);
    }
    assert.equal(facesOf(await post(server, '/recognize', image)).faces.length, 1);
  });
});
