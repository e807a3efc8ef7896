import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { describe, it, type TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { AliasStore } from '../../src/rollout/alias-store.ts';
import { replacePrivate } from '../../src/util/private-file.ts';
import { generator } from '../fixtures/random.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function opener(t: TestContext) {
  const dataDir = tempDir(t);
  const trouble: string[] = [];
  let isFull = false;
  const open = (version = 'v1', more: Readonly<Record<string, string>> = {}): AliasStore =>
    new AliasStore({
      dataDir,
      configured: new Map(Object.entries({ detector: version, ...more })),
      now: () => new Date(Date.UTC(2026, 0, 1)),
      onTrouble: (what) => trouble.push(what),
      write: (file, text) => {
        if (isFull) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
        replacePrivate(file, text);
      },
    });
  /** A server that starts with these settings, whose version is there. */
  const start = (version: string): AliasStore => {
    const store = open(version);
    store.found(['detector']);
    return store;
  };
  const fill = (full: boolean): void => void (isFull = full);
  return { dataDir, trouble, open, start, fill, file: path.join(dataDir, 'aliases.json') };
}

const rollback = { action: 'rollback' } as const;
const promote = (version: string) => ({ action: 'promote', version }) as const;
/** What is stable, what was before, and the generation. */
const names = (store: AliasStore): unknown[] => {
  const { stable, previous, generation } = store.state('detector');
  return [stable, previous, generation];
};

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

describe('settings that name another version at a restart', () => {
  it('know what was stable before, also at the first change that there ever was; the history says by whom', (t) => {
    const { start, open } = opener(t);
    start('v1');
    const store = start('v2');
    assert.deepEqual(names(store), ['v2', 'v1', 1]);
    assert.deepEqual(
      store.state('detector').history.map(({ by, action, stable, generation }) => [by, action, stable, generation]),
      [
        ['settings', 'configured', 'v1', 0],
        ['settings', 'configured', 'v2', 1],
      ],
    );
    assert.deepEqual(open('v2').state('detector'), store.state('detector'), 'it is on the disk');
    assert.equal(store.move('detector', rollback, 'anna', '').stable, 'v1');
  });

  it('are not a later word than a rollback after them, however often the server starts', (t) => {
    const { start } = opener(t);
    start('v1');
    start('v2').move('detector', rollback, 'anna', '');
    start('v2');
    assert.deepEqual(names(start('v2')), ['v1', 'v2', 2]);
  });

  it('changed twice go back one step', (t) => {
    const { start } = opener(t);
    for (const version of ['v1', 'v2', 'v3']) start(version);
    const store = start('v3');
    assert.deepEqual(names(store), ['v3', 'v2', 2]);
    assert.equal(store.move('detector', rollback, 'anna', '').stable, 'v2');
  });

  it('changed back are a change: the way back leads to what they named meanwhile', (t) => {
    const { start } = opener(t);
    for (const version of ['v1', 'v2', 'v1']) start(version);
    assert.deepEqual(names(start('v1')), ['v1', 'v2', 2]);
  });

  it('win over a promotion, which they go back to; naming what is stable already, they leave the way back as it was', (t) => {
    const { start } = opener(t);
    start('v1').move('detector', promote('v9'), 'anna', '');
    assert.deepEqual(names(start('v9')), ['v9', 'v1', 2]);
    assert.deepEqual(names(start('v3')), ['v3', 'v9', 3]);
  });

  it('win over a rollback as well when they change once more', (t) => {
    const { start } = opener(t);
    start('v1');
    start('v2').move('detector', rollback, 'anna', '');
    assert.deepEqual(names(start('v1')), ['v1', 'v2', 3], 'it is stable already');
    assert.deepEqual(names(start('v2')), ['v2', 'v1', 4]);
  });

  it('refuse who saw the generation before them', (t) => {
    const { start } = opener(t);
    start('v1');
    const store = start('v2');
    assert.throws(() => store.move('detector', promote('v3'), 'anna', '', 0), { code: 'conflict' });
    assert.equal(store.move('detector', rollback, 'anna', '', 1).generation, 2);
  });

  it('whatever is done: the way back leads to what was stable, starts without news change nothing', (t) => {
    const { start } = opener(t);
    const random = generator(11);
    const pick = (): string => ['v1', 'v2', 'v3'][Math.floor(random() * 3)] ?? 'v1';
    let configured = 'v1';
    let store = start(configured);
    for (let i = 0; i < 200; i++) {
      const before = store.state('detector');
      const version = pick();
      const what = random();
      if (what < 0.3) {
        if (version !== before.stable) store.move('detector', promote(version), 'anna', '');
      } else if (what < 0.5) {
        if (before.previous !== null) store.move('detector', rollback, 'anna', '');
      } else if (what < 0.7) {
        store = start(configured);
        assert.deepEqual(store.state('detector'), before);
      } else {
        store = start(version);
        const { stable, generation } = store.state('detector');
        assert.deepEqual(
          [stable, generation],
          version === configured ? [before.stable, before.generation] : [version, before.generation + 1],
        );
        configured = version;
      }
      const { stable, previous } = store.state('detector');
      assert.equal(previous, stable === before.stable ? before.previous : before.stable);
    }
  });
});

describe('a version of the settings that is not there', () => {
  it('is written nowhere: the settings that put it right know what was stable before it', (t) => {
    const { start, open, file } = opener(t);
    start('v1');
    const text = readFileSync(file, 'utf8');
    const misspelt = open('v22');
    misspelt.found(['recognizer']);
    assert.deepEqual(names(misspelt), ['v22', 'v1', 1]);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.deepEqual(names(start('v2')), ['v2', 'v1', 1]);
  });

  it('is not written beside another model, and never where it is the first one', (t) => {
    const { open, file } = opener(t);
    const store = open('nowhere', { recognizer: 'r1' });
    assert.equal(existsSync(file), false);
    store.found(['recognizer']);
    store.move('recognizer', promote('r2'), 'anna', '');
    const { models } = JSON.parse(readFileSync(file, 'utf8')) as { models: Record<string, unknown> };
    assert.deepEqual(Object.keys(models), ['recognizer']);
    assert.deepEqual(names(open('v1')), ['v1', null, 0]);
  });

  it('can be left by a rollback, which holds, and is no way back then', (t) => {
    const { start, open } = opener(t);
    start('v0');
    start('v1');
    assert.equal(open('v22').move('detector', rollback, 'anna', '').stable, 'v1');
    assert.deepEqual(names(start('v22')), ['v1', 'v0', 3]);
  });

  it('is no way back from what is made stable instead', (t) => {
    const { start, open } = opener(t);
    const first = open('nowhere');
    assert.deepEqual([first.move('detector', promote('v1'), 'anna', '').previous], [null]);
    start('v1');
    const store = open('v22');
    store.move('detector', promote('v2'), 'reload', '');
    assert.deepEqual(names(store), ['v2', 'v1', 4]);
  });

  it('is forgotten with its model, of which stays what was known', (t) => {
    const { start, open } = opener(t);
    start('v1');
    const store = open('v22', { recognizer: 'r1' });
    store.remove('detector');
    store.found(['recognizer']);
    store.add('detector', 'v2');
    assert.deepEqual(names(store), ['v2', 'v1', 1]);
  });
});

test('settings that cannot be written are in force, told, and written with the next change', (t) => {
  const { start, fill, trouble, file } = opener(t);
  start('v1');
  const text = readFileSync(file, 'utf8');
  fill(true);
  const store = start('v2');
  assert.deepEqual(names(store), ['v2', 'v1', 1]);
  assert.match(trouble.join(), /^what the settings name of detector is in force, and not written$/);
  assert.equal(readFileSync(file, 'utf8'), text);
  fill(false);
  store.add('anime', 'a1');
  assert.deepEqual(names(start('v2')), ['v2', 'v1', 1]);
  assert.equal(trouble.length, 1);
});

test('a stable version that is gone gives way also on a full disk: that is told, and written with the next change', (t) => {
  const { start, fill, trouble } = opener(t);
  start('v1').move('detector', promote('v2'), 'anna', '');
  fill(true);
  const store = start('v1');
  store.giveWay('detector', 'v1');
  assert.deepEqual(names(store), ['v1', 'v2', 2]);
  assert.deepEqual(trouble, ['what the settings name of detector is in force, and not written']);
  assert.deepEqual(names(start('v1')), ['v2', 'v1', 1]);
  fill(false);
  store.nameConfigured('detector', 'v3');
  assert.deepEqual(names(start('v3')), ['v1', 'v2', 2]);
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
