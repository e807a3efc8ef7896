import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { changeKeys, keyFile, readKeys } from '../../src/auth/key-file.ts';
import { keyState } from '../../src/auth/keys.ts';
import { looseKey, makeKey } from '../fixtures/auth/keys.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const WRITER = fileURLToPath(new URL('../fixtures/auth/change-keys.ts', import.meta.url));

it('is made for its owner only, in a folder for its owner only, whatever the umask', (t) => {
  const dataDir = path.join(tempDir(t), 'a/data');
  const before = process.umask(0);
  try {
    makeKey(dataDir);
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(keyFile(dataDir)).mode & 0o777, 0o600);
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dataDir).toSorted(), ['auth.lock', 'keys.json']);
});

it('holds no secret: neither the key nor a part of it', (t) => {
  const dataDir = tempDir(t);
  const { key, token } = makeKey(dataDir);
  const stored = readFileSync(keyFile(dataDir), 'utf8');
  assert.ok(stored.includes(key.id));
  const secret = token.slice(`fp_${key.id}_`.length);
  for (let at = 0; at + 8 <= secret.length; at += 1) assert.ok(!stored.includes(secret.slice(at, at + 8)));
});

it('there are no keys where there is no file', (t) => {
  assert.deepEqual(readKeys(tempDir(t)), []);
  assert.deepEqual(readKeys(path.join(tempDir(t), 'nothing/here')), []);
});

it('a change that throws leaves the file and nothing else', (t) => {
  const dataDir = tempDir(t);
  makeKey(dataDir);
  const before = readFileSync(keyFile(dataDir), 'utf8');
  const ownError = () => {
    throw new TypeError('mine');
  };
  assert.throws(() => changeKeys(dataDir, ownError), { code: 'internal', message: /mine/ });
  assert.equal(readFileSync(keyFile(dataDir), 'utf8'), before);
  assert.deepEqual(readdirSync(dataDir).toSorted(), ['auth.lock', 'keys.json']);
});

describe('refuses', () => {
  const { key } = looseKey();
  const table: [what: string, content: string, message: RegExp][] = [
    ['what is no JSON', '{"version": 1, "ke', /keys\.json is not JSON/],
    ['the file of a newer version', '{"version": 2, "people": []}', /written by a newer facepool \(version 2\)/],
    ['another shape', '{"version": 1}', /does not hold API keys at keys:/],
    ['an empty file', '', /is not JSON/],
    [
      'a scope it does not know',
      JSON.stringify({ version: 1, keys: [{ ...key, scopes: ['root'] }] }),
      /at keys\.0\.scopes/,
    ],
    ['a hash that is none', JSON.stringify({ version: 1, keys: [{ ...key, sha256: '' }] }), /at keys\.0\.sha256/],
    ['members it does not know', JSON.stringify({ version: 1, keys: [{ ...key, secret: 'x' }] }), /does not hold/],
  ];
  for (const [what, content, message] of table) {
    it(what, (t) => {
      const dataDir = tempDir(t);
      writeFileSync(keyFile(dataDir), content, { mode: 0o600 });
      assert.throws(() => readKeys(dataDir), { code: 'internal', message });
      assert.throws(() => makeKey(dataDir), { code: 'internal', message });
      assert.equal(readFileSync(keyFile(dataDir), 'utf8'), content);
    });
  }

  it('a file that others may write', (t) => {
    const dataDir = tempDir(t);
    makeKey(dataDir);
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(keyFile(dataDir), mode);
      assert.throws(() => readKeys(dataDir), { code: 'internal', message: /others may write/ });
    }
    // A read-only mount of a secret is often readable by all.
    chmodSync(keyFile(dataDir), 0o444);
    assert.equal(readKeys(dataDir).length, 1);
  });

  it('a folder in its place', (t) => {
    const dataDir = tempDir(t);
    mkdirSync(keyFile(dataDir));
    assert.throws(() => readKeys(dataDir), { code: 'internal', message: /cannot read .*keys\.json/ });
  });
});

it('processes that change it at the same time lose nothing', async (t) => {
  const dataDir = tempDir(t);
  const each = 12;
  const runs = Array.from({ length: 3 }, async () => {
    const child = spawn(process.execPath, [WRITER, dataDir, String(each)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    assert.equal(code, 0);
    return JSON.parse(said) as string[];
  });
  const ids = (await Promise.all(runs)).flat();
  const keys = readKeys(dataDir);
  assert.equal(ids.length, 3 * each);
  assert.deepEqual(new Set(keys.map(({ id }) => id)), new Set(ids));
  assert.equal(keys.filter((key) => keyState(key, new Date()) === 'revoked').length, (3 * each) / 2);
});
