import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { openSilences } from '../../../src/telemetry/alerts/silences.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const NOW = Date.UTC(2026, 10, 21);

function open(t: TestContext, text?: string) {
  const file = path.join(tempDir(t), 'data/alert-silences.json');
  if (text !== undefined) {
    mkdirSync(path.dirname(file));
    writeFileSync(file, text);
  }
  const troubles: string[] = [];
  const again = () => openSilences(file, (what) => troubles.push(what));
  return { file, troubles, again, silences: again() };
}

it('holds until its time, also for a server that starts again', (t) => {
  const { file, troubles, again, silences } = open(t);
  silences.set('busy', NOW + 1000, NOW);
  for (const one of [silences, again()]) {
    assert.deepEqual(
      [one.until('busy', NOW), one.until('busy', NOW + 999), one.until('busy', NOW + 1000), one.until('hot', NOW)],
      [NOW + 1000, NOW + 1000, null, null],
    );
  }
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(troubles, []);
});

it('can be ended, and what is over leaves the file', (t) => {
  const { file, again, silences } = open(t);
  silences.set('busy', NOW + 1000, NOW);
  silences.set('hot', NOW + 500, NOW);
  silences.set('busy', NOW, NOW);
  assert.equal(again().until('busy', NOW - 1), null);
  silences.set('full', NOW + 9000, NOW + 600);
  assert.deepEqual(readFileSync(file, 'utf8').match(/"rule": "\w+"/g), ['"rule": "full"']);
});

it('a file that is not ours silences nothing and says so', (t) => {
  for (const text of ['{', '{"version":2,"silences":[]}', '{"version":1,"silences":[{"rule":"a","until":"soon"}]}']) {
    const { silences, troubles } = open(t, text);
    assert.equal(silences.until('a', NOW), null);
    assert.match(troubles.join(), /^no alert is silenced, because/);
  }
});

it('a silence that cannot be written counts all the same', (t) => {
  const folder = tempDir(t);
  writeFileSync(path.join(folder, 'data'), 'a file, no folder');
  const troubles: string[] = [];
  const silences = openSilences(path.join(folder, 'data/silences.json'), (what) => troubles.push(what));
  silences.set('busy', NOW + 1000, NOW);
  assert.equal(silences.until('busy', NOW), NOW + 1000);
  assert.match(troubles.at(-1) ?? '', /^the silence is forgotten when the server stops/);
});
