import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import { writePrivately } from '../../src/cli/private-output.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const pieces = (...texts: string[]) => Promise.resolve(Readable.from(texts.map((text) => Buffer.from(text))));

it('has its name when it is whole, and is private', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'b.db');
  let before: string[] = [];
  const slow = async function* () {
    yield Buffer.from('one ');
    before = readdirSync(dir);
    yield Buffer.from('two');
  };
  assert.equal(await writePrivately(file, 'b.db', false, async () => Readable.from(slow())), 7);
  assert.deepEqual(before, ['b.db.part']);
  assert.deepEqual(readdirSync(dir), ['b.db']);
  assert.equal(readFileSync(file, 'utf8'), 'one two');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

it('does not replace a file, and asks for nothing then, unless it may', async (t) => {
  const file = path.join(tempDir(t), 'b.db');
  writeFileSync(file, 'old');
  let asked = 0;
  const begin = () => {
    asked += 1;
    return pieces('new');
  };
  const refused = { message: 'b.db is there already; --force replaces it', exitCode: 1 };
  await assert.rejects(writePrivately(file, 'b.db', false, begin), refused);
  assert.deepEqual([asked, readFileSync(file, 'utf8')], [0, 'old']);
  await writePrivately(file, 'b.db', true, begin);
  assert.equal(readFileSync(file, 'utf8'), 'new');
});

it('leaves nothing of a stream that breaks off, and the file that was there', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'b.db');
  writeFileSync(file, 'old');
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('aborted');
  };
  const begin = async () => Readable.from(broken());
  const gone = { message: 'the server went away before everything was sent', exitCode: 1 };
  await assert.rejects(writePrivately(file, 'b.db', true, begin), gone);
  const refusal = new CliError(4, 'forbidden: no');
  await assert.rejects(
    writePrivately(file, 'b.db', true, () => Promise.reject(refusal)),
    refusal,
  );
  assert.deepEqual(readdirSync(dir), ['b.db']);
  assert.equal(readFileSync(file, 'utf8'), 'old');
});

it('a part that was left is written anew; a link in its place is not followed', async (t) => {
  const dir = tempDir(t);
  const [file, other] = [path.join(dir, 'b.db'), path.join(dir, 'other')];
  writeFileSync(other, 'precious');
  symlinkSync(other, `${file}.part`);
  await writePrivately(file, 'b.db', false, () => pieces('new'));
  assert.deepEqual([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')], ['new', 'precious']);
  assert.ok(!existsSync(`${file}.part`));
});

it('says why it cannot be written', async (t) => {
  const dir = tempDir(t);
  const nowhere = path.join(dir, 'no', 'b.db');
  const missing = { message: 'x cannot be written: there is no such folder', exitCode: 1 };
  await assert.rejects(
    writePrivately(nowhere, 'x', false, () => pieces('new')),
    missing,
  );
  mkdirSync(path.join(dir, 'folder'));
  await assert.rejects(
    writePrivately(path.join(dir, 'folder'), 'x', true, () => pieces('new')),
    { message: 'x cannot be written: it is a directory' },
  );
  assert.deepEqual(readdirSync(dir), ['folder']);
});
