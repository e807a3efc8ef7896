/** Files of a drop, with the folders they lie in. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { filesOfTree } from '../../../src/dashboard/public/lib/folder-tree.js';

type Entry = { isFile: boolean; isDirectory: boolean; name: string };
const file = (name: string): Entry & { file: (resolve: (file: File) => void) => void } => ({
  ...{ isFile: true, isDirectory: false, name },
  file: (resolve) => resolve(new File(['x'], name)),
});
/** Gives what is in it in batches of two, as browsers give it in batches of a hundred. */
const folder = (name: string, ...inside: Entry[]) => ({
  ...{ isFile: false, isDirectory: true, name },
  createReader() {
    let at = 0;
    return { readEntries: (resolve: (batch: Entry[]) => void) => resolve(inside.slice(at, (at += 2))) };
  },
});
const paths = async (entry: Entry, most = 100) => {
  const { files, isAll } = await filesOfTree([entry], most);
  return { all: files.map((each) => [...each.folders, each.file.name].join('/')), isAll };
};

it('tells folders to the deepest, person after person', async () => {
  const tree = folder(
    'staff',
    folder('Anna', file('1.jpg'), folder('2020', file('2.jpg')), file('3.jpg')),
    folder('Bert', file('1.jpg')),
    file('us.jpg'),
  );
  assert.deepEqual(await paths(tree), {
    all: ['staff/Anna/1.jpg', 'staff/Anna/2020/2.jpg', 'staff/Anna/3.jpg', 'staff/Bert/1.jpg', 'staff/us.jpg'],
    isAll: true,
  });
});

it('ends at the most that is taken, and says that there is more', async () => {
  const many = folder('Anna', ...Array.from({ length: 9 }, (_, i) => file(`${i}.jpg`)));
  const { all, isAll } = await paths(many, 4);
  assert.deepEqual([all.length, isAll], [4, false]);
  assert.equal((await paths(many, 9)).isAll, true);
});

it('ends in folders that lead round and round', async () => {
  const loop = folder('a', file('x.jpg'));
  Object.assign(loop, { createReader: () => folder('a', file('x.jpg'), loop).createReader() });
  const { all } = await paths(loop);
  assert.ok(all.length > 1 && all.length < 12, `${all.length} files`);
});
