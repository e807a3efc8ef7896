import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { KeyStore } from '../../src/auth/key-store.ts';
import { keyFile } from '../../src/auth/key-file.ts';
import { revokeKey } from '../../src/auth/keys.ts';
import { makeKey } from '../fixtures/auth/keys.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('sees what is made and revoked at its next question', (t) => {
  const dataDir = tempDir(t);
  const store = new KeyStore(dataDir);
  assert.deepEqual(store.all(), []);
  const ids: string[] = [];
  // Many in a row: the file may have the same size and time twice.
  for (let i = 0; i < 20; i += 1) {
    const { key } = makeKey(dataDir);
    ids.push(key.id);
    assert.deepEqual(store.find(key.id), key);
  }
  for (const id of ids) {
    revokeKey(dataDir, id, new Date());
    assert.notEqual(store.find(id)?.revoked_at, null);
  }
  assert.equal(store.all().length, 20);
  assert.equal(store.find('nobody'), undefined);
});

it('without its file there are no keys any more', (t) => {
  const dataDir = tempDir(t);
  const { key } = makeKey(dataDir);
  const store = new KeyStore(dataDir);
  assert.ok(store.find(key.id));
  rmSync(keyFile(dataDir));
  assert.equal(store.find(key.id), undefined);
});

it('a file that broke is not answered from memory, and works again when it is mended', (t) => {
  const dataDir = tempDir(t);
  const { key } = makeKey(dataDir);
  const store = new KeyStore(dataDir);
  assert.ok(store.find(key.id));
  writeFileSync(keyFile(dataDir), 'broken');
  for (let i = 0; i < 2; i += 1) assert.throws(() => store.find(key.id), { code: 'internal' });
  rmSync(keyFile(dataDir));
  const again = makeKey(dataDir);
  assert.deepEqual(store.all(), [again.key]);
});
