import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { People } from '../../../src/contract/people.ts';
import { textWidth } from '../../../src/cli/table.ts';
import { fakePeople, STATUS, subject } from '../../http/support/people.ts';
import { peopleServer, pictures } from '../support/people.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('people and people status: the state, the totals and what is kept', async (t) => {
  const { socketPath, subjects } = await peopleServer(t, { collections: ['default', 'staff'] });
  subjects.set('Anna', subject('Anna'));
  for (const words of [['people'], ['people', 'status']]) {
    const { code, out } = await run([...words, '--socket', socketPath]);
    assert.equal(code, 0);
    assert.match(out, /^people can be asked for\n1 person with 0 faces in 2 collections\n/);
    assert.match(out, /\nstore +4\.0 KiB, encrypted\n/);
    assert.match(out, /\npictures +crops are kept\nkept for +ever\nleast margin +none\n$/);
    const [status] = jsonLines((await run([...words, '--json', '--socket', socketPath])).out);
    assert.deepEqual((status as { subjects: number }).subjects, 1);
  }
});

it('a word after people that is no command is a usage error', async () => {
  const { code, err } = await run(['people', 'lst']);
  assert.deepEqual([code, err], [2, 'facepool: unknown command "people lst"; see: facepool help people\n']);
  assert.match((await run(['help', 'people'])).out, /Also:\n.*people status[^]*people import <folder>/);
});

it('collections: a table, one more, and one less after a question', async (t) => {
  const { socketPath, subjects, dir } = await peopleServer(t);
  subjects.set('Anna', subject('Anna'));
  const ours = (...args: string[]) => run(['people', 'collections', ...args, '--socket', socketPath], { cwd: dir });
  assert.match((await ours()).out, /^COLLECTION +PEOPLE +FACES +SPACE .*\ndefault +1 +0 +omz-0095 /);
  assert.deepEqual((await ours('add', 'staff')).out, 'staff is made\n');
  const taken = await ours('add', 'staff');
  assert.equal(taken.code, 4);
  assert.match(taken.err, /conflict: there is a collection "staff" already/);
  const [listed] = jsonLines((await ours('--json')).out) as { collections: { name: string }[] }[];
  assert.deepEqual(
    listed?.collections.map(({ name }) => name),
    ['default', 'staff'],
  );

  const unasked = await ours('rm', 'default');
  assert.equal(unasked.code, 2);
  assert.match(unasked.err, /this deletes the collection default with 1 person and 0 faces for good; .* needs --yes/);
  assert.equal((await ours('rm', 'default', '--yes')).out, 'default is deleted, with 1 person and 0 faces\n');
  assert.equal((await ours('rm', 'default', '--yes')).code, 4, 'it is gone');
  for (const args of [['add'], ['rm'], ['add', '-x/y'], ['move', 'a'], ['add', 'a', 'b']]) {
    assert.equal((await ours(...args)).code, 2, args.join(' '));
  }
});

it('list: everybody, over as many pages as there are, or those of a name', async (t) => {
  const { socketPath, subjects } = await peopleServer(t);
  const list = (...args: string[]) => run(['people', 'list', ...args, '--socket', socketPath]);
  assert.equal((await list()).out, 'nobody is in default\n');
  for (let i = 0; i < 2345; i += 1)
    subjects.set(`p${String(i).padStart(4, '0')}`, subject(`p${String(i).padStart(4, '0')}`));
  subjects.set('Zoë', subject('Zoë', { metadata: { employee: 17, floor: '3rd' } }));
  const all = (await list()).out.trimEnd().split('\n');
  assert.equal(all.length, 2347);
  assert.match(all[0] ?? '', /^PERSON +FACES +METADATA +CHANGED \(UTC\) +CREATED \(UTC\) +ID$/);
  assert.match(all[1] ?? '', /^Zoë +0 +employee=17 floor="3rd" +2026-01-01 /);
  assert.match((await list('--find', 'zO')).out, /\nZoë /);
  assert.equal((await list('--find', 'nope')).out, 'nobody in default has “nope” in the name\n');
  const few = await list('-n', '2');
  assert.equal(few.out.trimEnd().split('\n').length, 3);
  assert.match(few.err, /there are more/);
  const documents = jsonLines((await list('--json', '--find', 'zoë')).out);
  assert.deepEqual(documents, [subject('Zoë', { metadata: { employee: 17, floor: '3rd' }, faces: 0 })]);
  for (const limit of ['0', 'x', '-1']) assert.equal((await list('--limit', limit)).code, 2, limit);
  const unknown = await list('--collection', 'nobody');
  assert.deepEqual([unknown.code, unknown.out], [4, '']);
});

it('a collection that takes longer to erase is said to be deleted, and still erased', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const deleteCollection: People['deleteCollection'] = (_name, watch) => {
    watch?.onDurable?.();
    return promise;
  };
  const people = fakePeople({ deleteCollection, status: () => ({ ...STATUS, erasing: 1 }) });
  const { socketPath } = await fakeServer(t, { people, limits: { timeout_ms: 20 } });
  const ours = (...args: string[]) => run(['people', ...args, '--socket', socketPath]);
  const gone = await ours('collections', 'rm', 'staff', '--yes');
  assert.equal(gone.code, 0);
  assert.match(gone.out, /^staff is deleted, with .*; what it had on the disk is still being erased/);
  const [told] = jsonLines((await ours('collections', 'rm', 'staff', '--yes', '--json')).out);
  const { removed, erasing } = told as { removed: boolean; erasing: boolean };
  assert.deepEqual([removed, erasing], [true, true]);
  assert.match((await ours('status')).out, /\nstill erased +1 deleted collection\n/);
  resolve();
});

it('list fits a terminal', async (t) => {
  const { socketPath, subjects } = await peopleServer(t);
  subjects.set('Anna', subject('Anna', { metadata: { note: 'x'.repeat(500) } }));
  const { out } = await run(['people', 'list', '--socket', socketPath], { tty: true, env: { NO_COLOR: '1' } });
  const lines = out.trimEnd().split('\n');
  for (const line of lines) assert.ok(textWidth(line) <= 120, line);
  assert.match(lines[0] ?? '', /^PERSON +FACES +METADATA/);
});

it('show: a person’s metadata and faces', async (t) => {
  const { socketPath, subjects, dir } = await peopleServer(t);
  pictures(dir, 'one.jpg', 'two.jpg');
  await run(['people', 'add', 'Anna', 'one.jpg', 'two.jpg', '--socket', socketPath], { cwd: dir });
  subjects.set('Anna', subject('Anna', { metadata: { employee: 17 } }));
  const { code, out } = await run(['people', 'show', 'Anna', '--socket', socketPath]);
  const lines = out.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.match(lines[0] ?? '', /^Anna: 2 faces, id 01SUBJECT/);
  assert.equal(lines[2], 'employee=17');
  assert.match(lines[4] ?? '', /^FACE +ENROLLED \(UTC\) +FROM +SIZE +QUALITY +OOD +LIVENESS +KEPT +SPACE$/);
  assert.match(lines[5] ?? '', /^01FACE0+ +2026-01-01 00:00:00Z +picture +29×38 +0\.800 +0\.800 +- +crop +omz-0095$/);
  assert.equal(lines.length, 7);
  const [document] = jsonLines((await run(['people', 'show', 'Anna', '--json', '--socket', socketPath])).out);
  assert.equal((document as { faces: unknown[] }).faces.length, 2);
  const unknown = await run(['people', 'show', 'Bert', '--socket', socketPath]);
  assert.equal(unknown.code, 4);
  assert.match(unknown.err, /not_found: there is no such subject/);
  for (const name of ['', ' ', '..', 'a\u0000b']) {
    assert.equal((await run(['people', 'show', name, '--socket', socketPath])).code, 2, JSON.stringify(name));
  }
});

it('names of strangers do not steer the terminal', async (t) => {
  const { socketPath, subjects } = await peopleServer(t);
  subjects.set('a\u202eb', subject('a\u202eb'));
  const { out } = await run(['people', 'list', '--socket', socketPath]);
  assert.match(out, /\na\?b /);
});
