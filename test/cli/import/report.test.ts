import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { Outcome } from '../../../src/cli/import/outcome.ts';
import { openReport, reasonLines, summaryDocument, summaryLines } from '../../../src/cli/import/report.ts';
import { Tally } from '../../../src/cli/import/tally.ts';
import { textWidth } from '../../../src/cli/table.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { screen } from '../support/run.ts';

const stdout = screen(false, () => undefined);
const IO = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };
const NOTHING = { hidden: 0, notPictures: 0, links: 0, loose: 0 };

/** A picture for each outcome. */
function tallyOf(...outcomes: Outcome[]): Tally {
  const names = [...new Set(outcomes.map(({ person }) => person))];
  const people = names.map((name) => ({
    name,
    pictures: outcomes.filter(({ person }) => person === name).map(({ file }) => ({ person: name, file, path: file })),
  }));
  const tally = new Tally({ people, troubles: [] });
  for (const outcome of outcomes) tally.add(outcome);
  return tally;
}

const enrolled: Outcome = { person: 'anna', file: 'anna/1.jpg', result: 'enrolled', code: '', detail: '' };
const small: Outcome = {
  ...enrolled,
  file: 'anna/2.jpg',
  result: 'refused',
  code: 'face_too_small',
  detail: '31 pixels',
};
const noFace: Outcome = { person: 'bert', file: 'bert/1.jpg', result: 'refused', code: 'no_face', detail: 'none' };

it('a table of reasons, the most frequent first, that fits', () => {
  const many = [enrolled, noFace, small, { ...small, file: 'anna/3.jpg', detail: 'x'.repeat(200) }];
  const [title, first, second, blank] = reasonLines(IO, tallyOf(...many), 80);
  assert.match(title ?? '', /^REASON +PICTURES +PEOPLE +FOR EXAMPLE$/);
  assert.match(first ?? '', /^face_too_small +2 +1 +anna\/2\.jpg: 31 pixels$/);
  assert.match(second ?? '', /^no_face +1 +1 +bert\/1\.jpg: none$/);
  assert.equal(blank, '');
  const long = reasonLines(IO, tallyOf({ ...noFace, detail: 'y'.repeat(300) }), 80);
  for (const line of long) assert.ok(textWidth(line) <= 80, line);
  assert.equal(textWidth(long[1] ?? ''), 80, 'all the room is used');
  assert.deepEqual(reasonLines(IO, tallyOf(enrolled), 80), []);
});

it('sentences: figures, what was left out, and who has nothing', () => {
  assert.deepEqual(summaryLines(tallyOf(enrolled), NOTHING, 61_000, false), [
    '1 picture of 1 person: 1 enrolled, 0 there already, 0 refused (1m 1s)',
  ]);
  const skipped = { hidden: 1, notPictures: 2, links: 1, loose: 3 };
  const warned: Outcome = { ...enrolled, code: 'spoof_detected', detail: 'hm' };
  assert.deepEqual(summaryLines(tallyOf(warned, noFace), skipped, 500, false), [
    '2 pictures of 2 people: 1 enrolled, 0 there already, 1 refused (0s)',
    'enrolled all the same: spoof_detected (1)',
    'left out: 1 hidden file, 2 other files, 1 link out of the folder, 3 files in nobody’s folder',
    'not one picture was taken of 1 person: bert',
  ]);
  const dry = summaryLines(tallyOf({ ...enrolled, result: 'new' }), NOTHING, 0, true);
  assert.match(dry[0] ?? '', /1 would be sent/);
});

it('names twenty at most, and nothing that steers a terminal', () => {
  const people = Array.from({ length: 23 }, (_, i) => ({ ...noFace, person: `p${i}\u001b[31m` }));
  const line = summaryLines(tallyOf(...people), NOTHING, 0, false).at(-1) ?? '';
  assert.match(line, /^not one picture was taken of 23 people: p0\?\[31m, .*p19\?\[31m and 3 more$/);
});

it('the same for programs', () => {
  assert.deepEqual(summaryDocument(tallyOf(enrolled, noFace), NOTHING, true), {
    summary: {
      complete: true,
      people: 2,
      pictures: 2,
      enrolled: 1,
      present: 0,
      new: 0,
      refused: 1,
      failed: 0,
      reasons: { no_face: { pictures: 1, people: 1 } },
      warnings: {},
      skipped: NOTHING,
      without_picture: [],
      nobody: ['bert'],
    },
  });
});

it('the file has a line for each picture as it ends, quoted, and is private', (t) => {
  const file = path.join(tempDir(t), 'report.csv');
  const report = openReport(file, 'report.csv');
  assert.equal(readFileSync(file, 'utf8'), 'person,file,result,code,detail\r\n');
  report.add(enrolled);
  assert.match(readFileSync(file, 'utf8'), /\r\nanna,anna\/1\.jpg,enrolled,,\r\n$/, 'at once');
  report.add({ ...noFace, person: 'O"Neil, B.', detail: 'two\nlines' });
  report.close();
  assert.match(readFileSync(file, 'utf8'), /\r\n"O""Neil, B\.",bert\/1\.jpg,refused,no_face,"two\nlines"\r\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

it('a place that cannot be written is told before anything is done', (t) => {
  assert.throws(() => openReport(path.join(tempDir(t), 'no/report.csv'), 'r.csv'), {
    message: 'r.csv cannot be written: there is no such folder',
  });
  assert.throws(() => openReport(tempDir(t), 'r'), { message: 'r cannot be written: it is a directory' });
});
