import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { AliasStore } from '../../src/rollout/alias-store.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function opener(t: TestContext) {
  const dataDir = tempDir(t);
  const trouble: string[] = [];
  const open = (version = 'v1'): AliasStore =>
    new AliasStore({
      dataDir,
      configured: new Map([['detector', version]]),
      now: () => new Date(Date.UTC(2026, 0, 1)),
      onTrouble: (what) => trouble.push(what),
    });
  return { dataDir, trouble, open, file: path.join(dataDir, 'aliases.json') };
}

test('a server that starts again has the aliases that it had', (t) => {
  const { open, trouble } = opener(t);
  const first = open();
  first.move('detector', { action: 'promote', version: 'v2' }, 'anna', 'better');
  first.move('detector', { action: 'canary', version: 'v3', percent: 12.5 }, 'anna', '');
  const again = open().state('detector');
  assert.deepEqual(again, first.state('detector'));
  assert.equal(again.canary?.percent, 12.5);
  assert.deepEqual(trouble, []);
});

test('settings that name another version are a later word than the file', (t) => {
  const { open } = opener(t);
  open().move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  assert.deepEqual([open('v9').state('detector').stable, open('v9').state('detector').previous], ['v9', 'v2']);
  assert.equal(open('v1').state('detector').stable, 'v2', 'what they named all the time is no news');
});

test('a model that is not there', (t) => {
  const missing = (e: unknown): boolean => e instanceof FacepoolError && e.code === 'not_found';
  assert.throws(() => opener(t).open().state('__proto__'), missing);
});

test('a model that is taken away is known when it comes back, also to a server that starts then', (t) => {
  const { open } = opener(t);
  const store = open();
  store.move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  store.move('detector', { action: 'canary', version: 'v3', percent: 5 }, 'anna', '');
  store.add('anime', 'a1');
  store.remove('detector');
  assert.equal(store.find('detector'), null);
  assert.throws(() => store.state('detector'), { code: 'not_found' });
  store.move('anime', { action: 'promote', version: 'a2' }, 'anna', '');
  assert.equal(open().state('detector').stable, 'v2');

  store.add('detector', 'v4');
  const { stable, previous, canary, configured, generation } = store.state('detector');
  assert.deepEqual(
    { stable, previous, canary, configured, generation },
    {
      stable: 'v4',
      previous: 'v2',
      canary: null,
      configured: 'v4',
      generation: 3,
    },
  );
  assert.equal(open('v4').state('detector').generation, 3);
});

test('a move that is refused, or cannot be written, changes nothing', (t) => {
  const { open, dataDir, file } = opener(t);
  const store = open();
  store.move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  const text = readFileSync(file, 'utf8');
  assert.throws(() => store.move('detector', { action: 'promote', version: 'v2' }, 'anna', ''));
  assert.throws(() => store.move('detector', { action: 'rollback' }, 'anna', '', 0));
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.equal(store.state('detector').generation, 1);
  assert.deepEqual(readdirSync(dataDir), ['aliases.json']);
});

for (const [what, text] of Object.entries({
  'is cut off': '{"schema":1,"mod',
  'is of another schema': '{"schema":2,"models":{}}',
  'has a state that is none': '{"schema":1,"models":{"detector":{"stable":"../../etc"}}}',
})) {
  test(`a file that ${what} is set aside, and the settings' version serves`, (t) => {
    const { open, file, trouble, dataDir } = opener(t);
    writeFileSync(file, text);
    assert.equal(open().state('detector').stable, 'v1');
    assert.equal(trouble.length, 1);
    assert.match(readdirSync(dataDir).join(), /^aliases\.json\.broken-\d+$/);
  });
}
