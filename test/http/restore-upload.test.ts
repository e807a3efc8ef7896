/** What of it needs no server; the uploads themselves are in routes/people-copies.test.ts. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { it, type TestContext } from 'node:test';
import type { Request, Response } from 'express';
import { FacepoolError } from '../../src/contract/errors.ts';
import { cleanUploads, uploadDir, withUploadedFile } from '../../src/http/restore-upload.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const HEADERS = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' };

function upload(t: TestContext, maxBytes = 1_000_000) {
  const dataDir = tempDir(t);
  const req = Object.assign(new PassThrough(), { headers: HEADERS }) as unknown as PassThrough & Request;
  const abort = new AbortController();
  const options = { dataDir, maxBytes, signal: abort.signal };
  const done = (use: (file: string) => Promise<unknown>) => withUploadedFile(req, {} as Response, options, use);
  return { req, abort, done, left: () => readdirSync(uploadDir(dataDir)), dataDir };
}

it('what a server left that was killed is removed at the start of the next', async (t) => {
  const dataDir = tempDir(t);
  await cleanUploads(dataDir);
  mkdirSync(path.join(uploadDir(dataDir), 'people-backups'), { recursive: true });
  writeFileSync(path.join(uploadDir(dataDir), 'restore-a'), 'faces');
  writeFileSync(path.join(uploadDir(dataDir), 'restore-b'), 'faces');
  await cleanUploads(dataDir);
  assert.deepEqual(readdirSync(uploadDir(dataDir)), ['people-backups']);
});

it('takes one chunk after the other, and the end only when all is written', async (t) => {
  const { req, done, left } = upload(t);
  const chunks = Array.from({ length: 200 }, (_, i) => Buffer.alloc(1000, i));
  const used = done(async (file) => readFileSync(file));
  for (const chunk of chunks) req.write(chunk);
  req.end();
  assert.ok(Buffer.concat(chunks).equals((await used) as Buffer));
  assert.deepEqual(left(), []);
});

it('a full disk is storage_full; whatever goes wrong, nothing is left', async (t) => {
  for (const [error, code] of [
    [Object.assign(new Error('full'), { code: 'ENOSPC' }), 'storage_full'],
    [new FacepoolError('conflict', 'no'), 'conflict'],
  ] as const) {
    const { req, done, left } = upload(t);
    req.end('copy');
    await assert.rejects(
      done(() => Promise.reject(error)),
      (thrown) => thrown instanceof FacepoolError && thrown.code === code,
    );
    assert.deepEqual(left(), []);
  }
});

it('is not begun for a request that is over already', async (t) => {
  const { abort, done, left } = upload(t);
  const reason = new FacepoolError('shutting_down', 'stopping');
  abort.abort(reason);
  let used = false;
  const trying = done(async () => {
    used = true;
  });
  await assert.rejects(trying, (error) => error === reason);
  assert.deepEqual([left(), used], [[], false]);
});
