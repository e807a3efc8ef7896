import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { it } from 'node:test';
import { type PeopleFolder, readPeopleFolder } from '../../../src/cli/import/folder.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

/** A user without rights, on every Linux. */
const NOBODY = 65_534;

/** Makes the files (with their folders) below `root`. */
function files(root: string, ...names: string[]): void {
  for (const name of names) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), name);
  }
}

function pictures({ people }: PeopleFolder): Record<string, string[]> {
  return Object.fromEntries(people.map(({ name, pictures: all }) => [name, all.map(({ file }) => file)]));
}

it('each sub-folder is a person, also with folders in it; in one order everywhere', async (t) => {
  const root = tempDir(t);
  files(root, 'bert/b.PNG', 'bert/a.jpeg', 'anna/2024/x.webp', 'anna/2023/deep/y.tiff', 'anna/z.jpg');
  mkdirSync(path.join(root, 'empty'));
  const found = await readPeopleFolder(root, 'people');
  assert.deepEqual(pictures(found), {
    anna: ['anna/2023/deep/y.tiff', 'anna/2024/x.webp', 'anna/z.jpg'],
    bert: ['bert/a.jpeg', 'bert/b.PNG'],
    empty: [],
  });
  assert.equal(found.people[0]?.pictures[2]?.path, path.join(root, 'anna/z.jpg'));
  assert.deepEqual(found.troubles, []);
  assert.deepEqual(found.skipped, { hidden: 0, notPictures: 0, links: 0, loose: 0 });
});

it('counts what it leaves out', async (t) => {
  const root = tempDir(t);
  files(root, 'anna/a.jpg', 'anna/.b.jpg', 'anna/.thumbs/c.jpg', 'anna/notes.txt', 'anna/noextension');
  files(root, 'loose.jpg', '.git/config');
  const found = await readPeopleFolder(root, 'people');
  assert.deepEqual(pictures(found), { anna: ['anna/a.jpg'] });
  assert.deepEqual(found.skipped, { hidden: 3, notPictures: 2, links: 0, loose: 1 });
});

it('a name is composed (NFC): two spellings of it are one person', async (t) => {
  const root = tempDir(t);
  const [composed, apart] = ['Zo\u00eb', 'Zoe\u0308'];
  files(root, `${composed}/a.jpg`, `${apart}/b.jpg`, `${apart} /c.jpg`);
  const found = await readPeopleFolder(root, 'people');
  assert.deepEqual(Object.keys(pictures(found)), [composed]);
  assert.equal(found.people[0]?.pictures.length, 3);
});

it('a name that cannot be a person’s is told with its reason', async (t) => {
  const root = tempDir(t);
  files(root, 'a\nb/a.jpg', 'anna/a.jpg');
  const found = await readPeopleFolder(root, 'people');
  assert.deepEqual(pictures(found), { anna: ['anna/a.jpg'] });
  const [trouble] = found.troubles;
  assert.deepEqual([found.troubles.length, trouble?.person, trouble?.code], [1, 'a\nb', 'invalid_name']);
  assert.match(trouble?.detail ?? '', /no control characters/);
});

it('follows links within the folder, never out of it, and never in circles', async (t) => {
  const root = tempDir(t);
  const outside = tempDir(t);
  files(outside, 'secret.jpg');
  files(root, 'anna/a.jpg', 'bert/b.jpg');
  symlinkSync(path.join(root, 'bert/b.jpg'), path.join(root, 'anna/same.jpg'));
  symlinkSync(path.join(root, 'bert'), path.join(root, 'anna/folder'));
  symlinkSync('..', path.join(root, 'bert/up'));
  symlinkSync('.', path.join(root, 'bert/here'));
  symlinkSync(outside, path.join(root, 'anna/out'));
  symlinkSync(path.join(outside, 'secret.jpg'), path.join(root, 'anna/out.jpg'));
  symlinkSync('nowhere', path.join(root, 'anna/gone.jpg'));
  symlinkSync(outside, path.join(root, 'eve'));
  const found = await readPeopleFolder(root, 'people');
  assert.deepEqual(pictures(found), {
    anna: ['anna/a.jpg', 'anna/folder/b.jpg', 'anna/same.jpg'],
    bert: ['bert/b.jpg'],
  });
  // Twice `up` (it is the folder of all people), out, out.jpg, gone.jpg and eve.
  assert.equal(found.skipped.links, 6);
  assert.ok(!JSON.stringify(found).includes('secret'));
});

it('the folder may be a link itself', async (t) => {
  const root = tempDir(t);
  files(root, 'real/anna/a.jpg');
  symlinkSync('real', path.join(root, 'link'));
  assert.deepEqual(pictures(await readPeopleFolder(path.join(root, 'link'), 'link')), { anna: ['anna/a.jpg'] });
});

it('a folder that cannot be read is a trouble of its person', async (t) => {
  const root = tempDir(t);
  files(root, 'anna/closed/a.jpg', 'anna/b.jpg');
  const closed = path.join(root, 'anna/closed');
  chmodSync(closed, 0);
  // Root reads all: it is nobody for a moment.
  const isRoot = os.userInfo().uid === 0;
  if (isRoot) for (const folder of [root, path.join(root, 'anna'), closed]) chownSync(folder, NOBODY, NOBODY);
  if (isRoot) process.seteuid?.(NOBODY);
  const found = await readPeopleFolder(root, 'people').finally(() => {
    if (isRoot) process.seteuid?.(0);
    chmodSync(closed, 0o700);
  });
  assert.deepEqual(pictures(found), { anna: ['anna/b.jpg'] });
  assert.deepEqual(found.troubles, [
    { person: 'anna', file: 'anna/closed', code: 'unreadable', detail: 'cannot be read: no permission' },
  ]);
});

it('what is no folder is refused', async (t) => {
  const root = tempDir(t);
  files(root, 'file');
  await assert.rejects(readPeopleFolder(path.join(root, 'nothing'), 'x'), { message: 'x is not there', exitCode: 1 });
  await assert.rejects(readPeopleFolder(path.join(root, 'file'), 'y'), { message: 'y is no folder', exitCode: 1 });
});
