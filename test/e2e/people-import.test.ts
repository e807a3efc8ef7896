/** A hundred people imported by the command line into a real server: broken off, killed, and gone on with. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { peopleStatusSchema, type StoredFace, storedFaceSchema } from '../../src/contract/people.ts';
import { makePeopleFolder, PEOPLE } from './support/people-folder.ts';
import { type Ended, facepool, type Running } from './support/process.ts';
import { type TestServer, withServer } from './support/server.ts';
import { picturePath, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const UPLOAD_BYTES = 1_000_000;
/** Faces of one photograph are alike, and photographs of photographs are no live people. */
const ENV = {
  FACEPOOL_PEOPLE_ENROL_SIMILAR: 'report',
  FACEPOOL_PEOPLE_ENROL_LIVENESS: 'report',
  FACEPOOL_LIMITS_UPLOAD_BYTES: String(UPLOAD_BYTES),
};

type Row = { readonly person: string; readonly file: string; readonly result: string; readonly code: string };

/** None of the names has a comma or a quote; details are not looked at. */
function readReport(file: string): Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\r\n').slice(1, -1);
  return lines.map((line) => {
    const [person = '', picture = '', result = '', code = ''] = line.split(',');
    return { person, file: picture, result, code };
  });
}

async function storedFaces(server: TestServer, people: readonly string[]): Promise<StoredFace[]> {
  const faces: StoredFace[] = [];
  for (const person of people) {
    const answer = await fetch(`${server.url}/v1/collections/default/faces?subject=${encodeURIComponent(person)}`);
    const { faces: found } = (await answer.json()) as { faces: unknown[] };
    faces.push(...found.map((face) => storedFaceSchema.parse(face)));
  }
  return faces;
}

it('a hundred people: broken off, killed and gone on with, nothing twice and nothing missing', { skip }, async () => {
  await withServer({ env: ENV }, async (server) => {
    const folder = path.join(server.dataDir, 'everybody');
    const made = await makePeopleFolder(folder, server.url, UPLOAD_BYTES);
    const report = (run: number): string => path.join(server.dataDir, `report-${run}.csv`);
    const start = (run: number): Running =>
      facepool(['people', 'import', folder, '--report', report(run), '--data-dir', server.dataDir]);
    /** Ends it with a signal when so many pictures of its report are done. */
    const endAt = async (run: number, rows: number, signal: NodeJS.Signals): Promise<Running & { end: Ended }> => {
      const running = start(run);
      await until(`${rows} pictures are done`, 30_000, () => readReport(report(run)).length >= rows);
      running.kill(signal);
      return { ...running, end: await running.exited };
    };

    const broken = await endAt(1, 70, 'SIGINT');
    assert.equal(broken.end.code, EXIT.interrupted, broken.stderr());
    assert.match(broken.stderr(), /the same command goes on where it ended/);
    const first = readReport(report(1));
    assert.ok(first.length < made.files.length, 'it was broken off half-way');
    const afterFirst = peopleStatusSchema.parse(JSON.parse((await server.cli('people', '--json')).stdout));
    assert.equal(afterFirst.faces, first.filter(({ result }) => result === 'enrolled').length, 'what is told is there');

    const killed = await endAt(2, 130, 'SIGKILL');
    assert.equal(killed.end.signal, 'SIGKILL');
    const second = readReport(report(2));
    assert.ok(second.length < made.files.length, 'it was killed half-way');

    const last = start(3);
    const { code } = await last.exited;
    assert.equal(code, EXIT.someRefused, last.stderr() + last.stdout());
    const third = readReport(report(3));
    assert.deepEqual(new Set(third.map(({ file }) => file)), new Set(made.files), 'every picture is in the report');
    assert.equal(third.length, made.files.length, 'once');

    // What was enrolled once is never sent again.
    const enrolled = new Map<string, number>();
    for (const { file, result } of [...first, ...second, ...third]) {
      if (result === 'enrolled') enrolled.set(file, (enrolled.get(file) ?? 0) + 1);
    }
    for (const [file, times] of enrolled) assert.equal(times, 1, file);
    const known = third.filter(({ result }) => result === 'enrolled' || result === 'present');
    const people = [...new Set(known.map(({ person }) => person))];
    const faces = await storedFaces(server, people);
    assert.deepEqual(
      faces.map(({ subject, digest }) => `${subject} ${digest}`).sort(),
      known.map(({ person, file }) => `${person} ${made.digests.get(file)}`).sort(),
      'each picture is there exactly once, with its person',
    );

    for (const [file, expected] of made.hopeless) {
      const row = third.find((one) => one.file === file);
      assert.deepEqual([row?.result, row?.code], ['refused', expected], file);
    }
    assert.match(last.stdout(), /\nleft out: 1 hidden file, 1 other file\n/);
    assert.match(last.stdout(), /\nnot one picture was taken of .*999 Nobody/);
    assert.match(last.stdout(), new RegExp(`\\n${made.files.length} pictures of ${PEOPLE} people: `));

    const status = peopleStatusSchema.parse(JSON.parse((await server.cli('people', '--json')).stdout));
    assert.deepEqual([status.state, status.subjects, status.faces], ['ready', people.length, faces.length]);
    assert.ok(people.length >= 85, `${people.length} people`);
    const found = await server.cli('recognize', picturePath('photos/solvay1927.jpg'), '--json');
    const { answer } = JSON.parse(found.stdout) as { answer: { faces: { identity: string | null }[] } };
    const named = answer.faces.filter(({ identity }) => identity !== null);
    assert.ok(named.length >= 20, `${named.length} of ${answer.faces.length} are recognised`);
    assert.ok(
      named.every(({ identity }) => identity?.includes('solvay1927')),
      'as themselves',
    );
  });
});
