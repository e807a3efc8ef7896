/** Aliases that cannot be written: a swap or a rollback is made as a whole, or not at all. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { replacePrivate } from '../../src/util/private-file.ts';
import { scene } from './support.ts';

const who = { by: 'anna', why: '' };

function disk(t: TestContext) {
  let code: string | null = null;
  const made = scene(t, {
    write: (file, text) => {
      if (code !== null) throw Object.assign(new Error(`${code}: no luck, open '${file}.tmp'`), { code });
      replacePrivate(file, text);
    },
  });
  return { ...made, fail: (next: string | null): void => void (code = next) };
}

test('a rollback on a full disk changes nothing, says why without a path, and can be made when there is room', async (t) => {
  const s = disk(t);
  await s.supervisor.start();
  await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
  s.fail('ENOSPC');
  const failed = await s.versions.rollback('detector', who);
  assert.equal(failed.state, 'failed');
  assert.equal(failed.reason, 'the aliases cannot be written, and nothing has changed: the disk is full');
  const { stable, previous, generation } = s.aliases.state('detector');
  assert.deepEqual([stable, previous, generation], ['v2', 'v1', 1]);
  const file = path.join(s.settings.data_dir, 'aliases.json');
  assert.match(readFileSync(file, 'utf8'), /"stable": "v2"/, 'a server that starts now has it so too');
  assert.equal(await s.answers(), 'v2');
  s.fail(null);
  assert.equal((await s.versions.rollback('detector', who)).state, 'done');
  assert.equal(await s.answers(), 'v1');
});

test('a shadow stays a shadow where that cannot be written', async (t) => {
  const s = disk(t);
  await s.supervisor.start();
  const swap = await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'shadow' }), 'anna'));
  for (const [code, becomes] of [
    ['ENOSPC', 'storage_full'],
    ['EROFS', 'internal'],
  ] as const) {
    s.fail(code);
    await assert.rejects(s.versions.rollback('detector', who), (e) => {
      assert.ok(e instanceof FacepoolError && e.code === becomes, String(e));
      assert.ok(!e.message.includes('aliases.json'), e.message);
      return true;
    });
  }
  assert.equal(s.versions.find(swap.id).state, 'live');
  assert.equal(s.aliases.state('detector').shadow?.version, 'v2');
  s.fail(null);
  assert.equal((await s.versions.rollback('detector', who)).state, 'rolled_back');
});
