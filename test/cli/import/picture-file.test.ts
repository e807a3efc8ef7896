import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { it } from 'node:test';
import { readPictureFile } from '../../../src/cli/import/picture-file.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

it('a picture is its bytes and their digest', async (t) => {
  const file = path.join(tempDir(t), 'a.jpg');
  writeFileSync(file, 'picture');
  const { digest, body } = await readPictureFile(file);
  assert.equal(digest, sha256(Buffer.from('picture')));
  assert.deepEqual(body(), { type: 'application/octet-stream', bytes: Buffer.from('picture') });
  writeFileSync(file, '');
  assert.equal((await readPictureFile(file)).digest, sha256(Buffer.alloc(0)));
});

it('a very large one is never in memory as a whole, and can be sent again', async (t) => {
  const file = path.join(tempDir(t), 'huge.jpg');
  const bytes = 65 * 1024 * 1024;
  writeFileSync(file, 'begin');
  truncateSync(file, bytes);
  const { digest, body } = await readPictureFile(file);
  assert.equal(digest, sha256(Buffer.concat([Buffer.from('begin')], bytes)));
  const [first, second] = [body(), body()];
  assert.ok('stream' in first && 'stream' in second);
  assert.notEqual(first.stream, second.stream);
  assert.equal(first.length, bytes);
  assert.equal((await buffer(first.stream)).length, bytes);
  second.stream.destroy();
});

it('what cannot be read is an error of the file system', async (t) => {
  await assert.rejects(readPictureFile(path.join(tempDir(t), 'a.jpg')), { code: 'ENOENT' });
  await assert.rejects(readPictureFile(tempDir(t)), { code: 'EISDIR' });
});
