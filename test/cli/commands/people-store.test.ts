import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { People } from '../../../src/contract/people.ts';
import { CHECK, exportLine, fakePeople } from '../../http/support/people.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

async function serverOf(t: TestContext, over: Partial<People> = {}) {
  const people = fakePeople(over);
  const server = await fakeServer(t, { people });
  const ours = (...args: string[]) => run(['people', ...args, '--socket', server.socketPath], { cwd: server.dir });
  return { ...server, people, ours };
}

/** Writes a file whose bytes are the backup, as the gallery does. */
function backupOf(dir: () => string, bytes: Uint8Array): People['backup'] {
  return async () => {
    const file = path.join(dir(), 'copy.db');
    writeFileSync(file, bytes);
    return { file, bytes: bytes.byteLength };
  };
}

const EXPORTED = ['Anna', 'Bo'].map((name) => `${JSON.stringify(exportLine(name))}\n`).join('');

it('export: a document per person, to standard output or a private file', async (t) => {
  const { ours, dir, people } = await serverOf(t);
  assert.deepEqual(await ours('export'), { code: 0, out: EXPORTED, err: '' });
  const { code, out } = await ours('export', '--collection', 'staff', '--out', 'staff.ndjson');
  assert.deepEqual([code, out], [0, `staff.ndjson: ${Buffer.byteLength(EXPORTED)} B\n`]);
  assert.equal(readFileSync(path.join(dir, 'staff.ndjson'), 'utf8'), EXPORTED);
  assert.equal(statSync(path.join(dir, 'staff.ndjson')).mode & 0o777, 0o600);
  assert.deepEqual(people.calls.at(-1), ['export', 'staff']);
  assert.equal((await ours('export', '--out', 'staff.ndjson')).code, 1, 'it is there already');
  assert.equal((await ours('export', '--out', 'staff.ndjson', '--force')).code, 0);
  assert.equal((await ours('export', '--collection', 'nobody')).code, 4);
  assert.equal((await ours('export', '--collection', 'nobody', '--out', 'x')).code, 4);
  assert.ok(!readdirSync(dir).some((name) => name.startsWith('x')));
});

it('an export that breaks off is a failure, and leaves no file', async (t) => {
  const { ours, dir } = await serverOf(t, {
    export: async function* () {
      for (let i = 0; i < 20_000; i += 1) yield exportLine('Anna');
      throw new FacepoolError('people_unavailable', 'the store went away');
    },
  });
  for (const words of [['export'], ['export', '--out', 'x']]) {
    const { code, err } = await ours(...words);
    assert.equal(code, 1);
    assert.equal(err, 'facepool: the server went away before everything was sent\n');
  }
  assert.ok(!readdirSync(dir).some((name) => name.startsWith('x')));
});

it('backup: whole and private, and never in the place of another without --force', async (t) => {
  const bytes = Buffer.alloc(700_000, 'store ');
  let where = '';
  const { ours, dir } = await serverOf(t, { backup: backupOf(() => where, bytes) });
  where = dir;
  assert.deepEqual(await ours('backup', 'b.db'), { code: 0, out: 'b.db: 684 KiB\n', err: '' });
  assert.deepEqual(readFileSync(path.join(dir, 'b.db')), bytes);
  assert.equal(statSync(path.join(dir, 'b.db')).mode & 0o777, 0o600);
  const again = await ours('backup', 'b.db');
  assert.deepEqual([again.code, again.err], [1, 'facepool: b.db is there already; --force replaces it\n']);
  assert.deepEqual(jsonLines((await ours('backup', 'b.db', '--force', '--json')).out), [
    { file: 'b.db', bytes: bytes.length },
  ]);
  assert.ok(!readdirSync(dir).includes('b.db.part'));
  assert.equal((await ours('backup')).code, 2);
});

it('restore: says what goes, asks, and tells what is there now', async (t) => {
  const backup = Buffer.alloc(300_000, 'backup ');
  let received = Buffer.alloc(0);
  const { ours, dir } = await serverOf(t, {
    restore: async (file) => {
      received = readFileSync(file);
      return CHECK;
    },
  });
  writeFileSync(path.join(dir, 'b.db'), backup);
  const unasked = await ours('restore', 'b.db');
  assert.equal(unasked.code, 2);
  assert.match(
    unasked.err,
    /b\.db \(293 KiB\) takes the place of 3 people with 4 faces in 1 collection, who are then gone/,
  );
  assert.equal(received.length, 0);
  const { code, out } = await ours('restore', 'b.db', '--yes');
  assert.deepEqual([code, out], [0, 'sound: restored: 3 people with 4 faces in 1 collection\n']);
  assert.deepEqual(received, backup);
  assert.deepEqual(jsonLines((await ours('restore', 'b.db', '--yes', '--json')).out), [CHECK]);
  assert.equal((await ours('restore', 'nothing.db', '--yes')).code, 1);
  assert.equal((await ours('restore', '.', '--yes')).code, 1);
});

it('a backup that is refused changes nothing and has a code of its own (4)', async (t) => {
  const { ours, dir } = await serverOf(t, {
    restore: async () => {
      throw new FacepoolError('invalid_argument', 'it is no store');
    },
  });
  writeFileSync(path.join(dir, 'b.db'), 'nonsense');
  const { code, err } = await ours('restore', 'b.db', '-y');
  assert.deepEqual([code, err], [4, 'facepool: invalid_argument: it is no store\n']);
});

it('check: sound (0), or every fault (1)', async (t) => {
  const sound = await serverOf(t);
  assert.deepEqual(await sound.ours('check'), {
    code: 0,
    out: 'sound: 3 people with 4 faces in 1 collection, looked at in 12 ms\n',
    err: '',
  });
  const faulty = await serverOf(t, { check: async () => ({ ...CHECK, ok: false, faults: ['a page is torn'] }) });
  const { code, out } = await faulty.ours('check');
  assert.equal(code, 1);
  assert.match(out, /^not sound: .*\n {2}a page is torn\n$/);
});
