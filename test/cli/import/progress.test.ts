import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ImportProgress } from '../../../src/cli/import/progress.ts';
import { Tally } from '../../../src/cli/import/tally.ts';
import { textWidth } from '../../../src/cli/table.ts';
import { screen } from '../support/run.ts';

function watched(tty: boolean, pictures: number, columns = 80) {
  const person = 'anna';
  const all = Array.from({ length: pictures }, (_, i) => ({ person, file: `${i}`, path: `/${i}` }));
  const tally = new Tally({ people: [{ name: person, pictures: all }], troubles: [] });
  const shown: string[] = [];
  let now = 0;
  const to = Object.assign(
    screen(tty, (text) => shown.push(text)),
    { columns },
  );
  const progress = new ImportProgress(to, tally, () => now);
  const done = (ms: number, result: 'enrolled' | 'refused' = 'enrolled'): void => {
    now += ms;
    tally.add({ person, file: '', result, code: '', detail: '' });
    progress.update();
  };
  return { progress, shown, done };
}

it('draws one line that fits, again and again, and takes it away', () => {
  const { progress, shown, done } = watched(true, 4);
  done(500, 'refused');
  done(500);
  assert.equal(shown.length, 2);
  assert.equal(shown[1], '\r\u001b[2K██████████░░░░░░░░░░  50 %  0/1 people  2/4 pictures  1 refused  2.0/s  1s left');
  done(50);
  assert.equal(shown.length, 2, 'not more often than ten times a second');
  progress.clear();
  assert.equal(shown[2], '\r\u001b[2K');
});

it('a narrow terminal has a shorter bar, or none, and never a second line', () => {
  for (const columns of [40, 60, 75, 200]) {
    const { shown, done } = watched(true, 1000, columns);
    done(200);
    const line = (shown[0] ?? '').replace('\r\u001b[2K', '');
    assert.ok(textWidth(line) < columns, `${columns}: ${line}`);
    assert.match(line, /0 %/);
  }
});

it('plain lines elsewhere: every tenth, no control characters', () => {
  const { shown, done } = watched(false, 100);
  for (let i = 0; i < 100; i += 1) done(100);
  assert.equal(shown.length, 10);
  assert.match(shown[0] ?? '', /^10 % {2}0\/1 people {2}10\/100 pictures {2}0 refused {2}10\/s {2}9s left\n$/);
  assert.match(shown[9] ?? '', /^100 % {2}1\/1 people {2}100\/100 pictures {2}0 refused {2}10\/s\n$/);
});

it('the rate is that of late', () => {
  const { progress, done } = watched(false, 100);
  for (let i = 0; i < 20; i += 1) done(10);
  for (let i = 0; i < 20; i += 1) done(2000);
  assert.ok(Math.abs(progress.rate - 0.5) < 0.1, String(progress.rate));
});

it('says what is waited for, once, until the next picture', () => {
  const lines = watched(false, 4);
  lines.progress.note('the server is busy');
  lines.progress.note('the server is busy');
  assert.deepEqual(lines.shown, ['the server is busy\n']);
  const drawn = watched(true, 4);
  drawn.progress.note('the server is busy');
  assert.match(drawn.shown[0] ?? '', /0 % {2}the server is busy$/);
  drawn.done(500);
  assert.doesNotMatch(drawn.shown[1] ?? '', /busy/);
});
