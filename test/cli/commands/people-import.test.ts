import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { folderOf, importServer } from '../support/import.ts';
import { pictures } from '../support/people.ts';
import { jsonLines } from '../support/run.ts';

it('enrols everybody, and the second time sends nothing', async (t) => {
  const { ours, dir, faces, subjects, sent } = await importServer(t);
  const folder = folderOf(dir, 5);
  const { code, out, err } = await ours(folder);
  assert.equal(code, 0, err);
  assert.match(out, /^15 pictures of 5 people: 15 enrolled, 0 there already, 0 refused \(\d+s\)\n$/);
  assert.match(err, /100 % {2}5\/5 people {2}15\/15 pictures/);
  assert.deepEqual([faces.length, [...subjects.keys()].sort()], [15, ['p0', 'p1', 'p2', 'p3', 'p4']]);
  const again = await ours(folder);
  assert.equal(again.code, 0);
  assert.match(again.out, /^15 pictures of 5 people: 0 enrolled, 15 there already, 0 refused/);
  assert.equal(sent.size, 15);
  assert.deepEqual(new Set(sent.values()), new Set([1]), 'each picture went over the wire once');
});

it('refusals end nothing: a table by reason, who has nothing, a CSV, and a code of its own', async (t) => {
  const { ours, dir, faces } = await importServer(t, { limits: { upload_bytes: 100_000 } });
  const folder = folderOf(dir, 2);
  mkdirSync(path.join(dir, 'people/Carl'));
  pictures(dir, 'people/Carl/small-1.jpg', 'people/Carl/none-1.jpg', 'people/p1/small-2.jpg', 'people/p1/warned-1.jpg');
  writeFileSync(path.join(dir, 'people/p1/huge.jpg'), Buffer.alloc(200_000));
  writeFileSync(path.join(dir, 'people/p1/notes.txt'), '');
  const { code, out, err } = await ours(folder, '--report', 'report.csv');
  assert.equal(code, 7, err);
  assert.equal(faces.length, 7);
  assert.match(
    out,
    /^REASON +PICTURES +PEOPLE +FOR EXAMPLE\nface_too_small +2 +2 +Carl\/small-1\.jpg: the face has 31 pixels/,
  );
  assert.match(out, /\nno_face +1 +1 /);
  assert.match(out, /\npayload_too_large +1 +1 +p1\/huge\.jpg: /);
  assert.match(out, /\n11 pictures of 3 people: 7 enrolled, 0 there already, 4 refused \(/);
  assert.match(out, /\nenrolled all the same: spoof_detected \(1\)\nleft out: 1 other file\n/);
  assert.match(out, /\nnot one picture was taken of 1 person: Carl\n$/);
  const lines = readFileSync(path.join(dir, 'report.csv'), 'utf8').trimEnd().split('\r\n');
  assert.equal(lines.length, 12);
  assert.ok(lines.includes('Carl,Carl/none-1.jpg,refused,no_face,there is no face'), lines.join('\n'));
  assert.ok(lines.includes('p0,p0/one-0.jpg,enrolled,,'));
  assert.ok(lines.includes('p1,p1/warned-1.jpg,enrolled,spoof_detected,it is not live'));
  const both = 'the face has 31 pixels; 40 are needed; it is no clear face';
  assert.ok(lines.includes(`Carl,Carl/small-1.jpg,refused,face_too_small,${both}`));
});

it('a failure of the server is no refusal: the next run tries it again', async (t) => {
  const { ours, dir } = await importServer(t);
  folderOf(dir, 1);
  pictures(dir, 'people/p0/broken.jpg');
  const { code, out, err } = await ours('people');
  assert.equal(code, 1);
  assert.match(out, /3 enrolled, 0 there already, 0 refused, 1 failed/);
  assert.match(err, /the same command goes on where it ended/);
});

it('the same picture twice in a folder is sent once', async (t) => {
  const { ours, dir, sent } = await importServer(t);
  mkdirSync(path.join(dir, 'people/anna'), { recursive: true });
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(path.join(dir, `people/anna/${name}.jpg`), 'one');
  for (const name of ['x', 'y']) writeFileSync(path.join(dir, `people/anna/${name}.jpg`), 'none');
  const { code, out } = await ours('people', '--jobs', '4');
  assert.equal(code, 7);
  assert.match(out, /6 pictures of 1 person: 1 enrolled, 3 there already, 2 refused/);
  assert.deepEqual([...sent.values()], [1, 1]);
});

it('--dry-run sends nothing and says what would be sent', async (t) => {
  const { ours, dir, calls } = await importServer(t);
  const folder = folderOf(dir, 2);
  await ours(folder);
  pictures(dir, 'people/p1/four.jpg');
  const before = calls.length;
  const { code, out } = await ours(folder, '--dry-run');
  assert.equal(code, 0);
  assert.match(out, /^7 pictures of 2 people: 1 would be sent, 6 there already, 0 refused/);
  assert.equal(calls.length, before);
});

it('--json: a document for each picture, and the summary last', async (t) => {
  const { ours, dir } = await importServer(t);
  const folder = folderOf(dir, 1);
  pictures(dir, 'people/p0/none.jpg');
  const { code, out, err } = await ours(folder, '--json');
  assert.deepEqual([code, err], [7, '']);
  const documents = jsonLines(out) as { file?: string; result?: string; summary?: Record<string, unknown> }[];
  assert.deepEqual(
    new Map(documents.slice(0, -1).map(({ file, result }) => [file, result])),
    new Map([
      ['p0/none.jpg', 'refused'],
      ['p0/one-0.jpg', 'enrolled'],
      ['p0/three-0.jpg', 'enrolled'],
      ['p0/two-0.jpg', 'enrolled'],
    ]),
  );
  const { complete, enrolled, refused, reasons } = documents.at(-1)?.summary ?? {};
  assert.deepEqual([complete, enrolled, refused, reasons], [true, 3, 1, { no_face: { pictures: 1, people: 1 } }]);
});

it('a collection that is not there is told at once', async (t) => {
  const { ours, dir, calls } = await importServer(t);
  folderOf(dir, 1);
  const { code, err } = await ours('people', '--collection', 'staff');
  assert.equal(code, 4);
  assert.match(err, /not_found: there is no collection "staff"/);
  assert.deepEqual(calls, []);
});

it('a wrong command line, or a folder without people, sends nothing', async (t) => {
  const { ours, dir, calls } = await importServer(t);
  folderOf(dir, 1);
  mkdirSync(path.join(dir, 'empty'));
  for (const args of [[], ['people', 'more'], ['people', '-j', '0'], ['people', '--similar', 'x']]) {
    assert.equal((await ours(...args)).code, 2, args.join(' '));
  }
  const empty = await ours('empty');
  assert.deepEqual(
    [empty.code, empty.err],
    [1, 'facepool: empty has no sub-folders: each has to be a person, with pictures in it\n'],
  );
  assert.equal((await ours('nothing')).err, 'facepool: nothing is not there\n');
  assert.match(
    (await ours('people', '--report', 'no/such/report.csv')).err,
    /cannot be written: there is no such folder/,
  );
  assert.deepEqual(calls, []);
});
