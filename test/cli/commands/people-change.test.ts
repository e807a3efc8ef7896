import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Metadata } from '../../../src/contract/metadata.ts';
import { subject } from '../../http/support/people.ts';
import { peopleServer, pictures } from '../support/people.ts';
import { jsonLines, run } from '../support/run.ts';
import type { TestContext } from 'node:test';

/** Anna has a face, Bert none. */
async function withTwo(t: TestContext) {
  const server = await peopleServer(t);
  pictures(server.dir, 'one.jpg');
  const ours = (...args: string[]) => run(['people', ...args, '--socket', server.socketPath], { cwd: server.dir });
  await ours('add', 'Anna', 'one.jpg');
  server.subjects.set('Bert', subject('Bert'));
  return { ...server, ours };
}

it('rename: to a name that is free, or with --merge to one that somebody has', async (t) => {
  const { ours, subjects, faces } = await withTwo(t);
  assert.deepEqual((await ours('rename', 'Anna', 'Anne')).out, 'Anna is Anne now, with 1 face\n');
  const taken = await ours('rename', 'Anne', 'Bert');
  assert.equal(taken.code, 4);
  assert.match(taken.err, /conflict: that name is taken \(--merge makes both one person\)/);
  const [problem] = jsonLines((await ours('rename', 'Anne', 'Bert', '--json')).err);
  assert.equal((problem as { error: { code: string } }).error.code, 'conflict');
  assert.equal((await ours('rename', 'Anne', 'Bert', '--merge')).code, 0);
  assert.deepEqual([[...subjects.keys()], faces[0]?.subject], [['Bert'], 'Bert']);
  assert.equal((await ours('rename', 'Bert')).code, 2);
});

it('merge: into somebody who is there, and no other', async (t) => {
  const { ours, subjects } = await withTwo(t);
  const typo = await ours('merge', 'Anna', 'Brt');
  assert.equal(typo.code, 4);
  assert.deepEqual([...subjects.keys()], ['Anna', 'Bert'], 'nothing was renamed');
  assert.equal((await ours('merge', 'Anna', 'Anna')).code, 2);
  assert.equal((await ours('merge', 'Anna', 'Bert')).out, 'Anna is Bert now, who has 1 face\n');
  assert.deepEqual([...subjects.keys()], ['Bert']);
});

it('set: values as JSON where they are, else as text; an empty one removes the key', async (t) => {
  const { ours, subjects } = await withTwo(t);
  const pairs = ['employee=17', 'badge=0017', 'floor=3rd', 'guest=true', 'left=null', 'code="18"', 'list=[1]', 'a=b=c'];
  assert.equal((await ours('set', 'Anna', ...pairs)).out, 'Anna has 8 fields of metadata\n');
  const expected: Metadata = {
    employee: 17,
    badge: '0017',
    floor: '3rd',
    guest: true,
    left: null,
    code: '18',
    list: '[1]',
    a: 'b=c',
  };
  assert.deepEqual(subjects.get('Anna')?.metadata, expected);
  await ours('set', 'Anna', 'employee=18', 'floor=', 'badge=', 'guest=', 'left=', 'code=', 'list=');
  const after = subjects.get('Anna')?.metadata ?? {};
  assert.deepEqual(Object.entries(after), [
    ['employee', 18],
    ['a', 'b=c'],
  ]);
  for (const wrong of [
    ['Anna'],
    ['Anna', 'x'],
    ['Anna', '=x'],
    ['Anna', '__proto__=x'],
    ['Anna', `k=${'x'.repeat(1001)}`],
  ]) {
    assert.equal((await ours('set', ...wrong)).code, 2, wrong.join(' '));
  }
  assert.equal((await ours('set', 'Carl', 'a=b')).code, 4);
});

it('set: what somebody else set meanwhile stays', async (t) => {
  const { ours, subjects } = await withTwo(t);
  const get = subjects.get.bind(subjects);
  let reads = 0;
  subjects.get = (name) => {
    const found = get(name);
    // Between the reading and the change of it.
    if (found !== undefined && ++reads <= 1) subjects.set(name, { ...found, metadata: { theirs: 1 } });
    return found;
  };
  assert.equal((await ours('set', 'Anna', 'ours=2')).code, 0);
  assert.deepEqual(get('Anna')?.metadata, { theirs: 1, ours: 2 });
  subjects.get = (name) => {
    const found = get(name);
    if (found !== undefined) subjects.set(name, { ...found, metadata: { theirs: ++reads } });
    return found;
  };
  const late = await ours('set', 'Anna', 'ours=3');
  assert.equal(late.code, 4);
  assert.match(late.err, /conflict: the subject was changed meanwhile/);
});

it('rm: says who goes, asks, and begins only when all of them are there', async (t) => {
  const { ours, subjects, faces } = await withTwo(t);
  const unasked = await ours('rm', 'Anna', 'Bert', 'Anna');
  assert.equal(unasked.code, 2);
  assert.match(unasked.err, /this deletes 2 people with 1 face for good: Anna, Bert; people rm needs --yes/);
  assert.equal((await ours('rm', 'Anna', 'Carl', '--yes')).code, 4);
  assert.equal(subjects.size, 2, 'nobody is deleted');
  assert.equal((await ours('rm', 'Anna', '--yes')).out, 'Anna is deleted (1 face)\n');
  assert.deepEqual([[...subjects.keys()], faces.length], [['Bert'], 0]);
  const [removed] = jsonLines((await ours('rm', 'Bert', '-y', '--json')).out);
  assert.deepEqual(
    [(removed as { subject: string }).subject, (removed as { removed: boolean }).removed],
    ['Bert', true],
  );
});

it('rm-face: one face goes, its person stays', async (t) => {
  const { ours, subjects, faces } = await withTwo(t);
  const id = faces[0]?.face_id ?? '';
  assert.equal((await ours('rm-face', id)).out, `face ${id} of Anna is deleted\n`);
  assert.deepEqual([faces.length, subjects.size], [0, 2]);
  assert.equal((await ours('rm-face', id)).code, 4);
  assert.equal((await ours('rm-face')).code, 2);
});
