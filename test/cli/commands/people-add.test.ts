import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createPeopleAdd } from '../../../src/cli/commands/people-add.ts';
import { readInvocation } from '../../../src/cli/command.ts';
import type { EnrolRequest } from '../../../src/contract/services.ts';
import { PassThrough } from 'node:stream';
import { peopleServer, pictures } from '../support/people.ts';
import { jsonLines, run, screen } from '../support/run.ts';

it('enrols each picture, says which were known, and tells every reason of a refusal', async (t) => {
  const { socketPath, dir, faces, calls } = await peopleServer(t);
  pictures(dir, 'one.jpg', 'small.jpg', 'warned.jpg');
  const add = (...args: string[]) => run(['people', 'add', ...args, '--socket', socketPath], { cwd: dir });
  const { code, out, err } = await add('Zoe\u0308', 'one.jpg', 'small.jpg', 'none.jpg', 'warned.jpg');
  assert.equal(code, 1, 'a file that is not there was not refused by the server');
  assert.match(out, /^one\.jpg: face 01FACE\d+ is enrolled\nwarned\.jpg: face 01FACE\d+ is enrolled\n$/);
  assert.equal(
    err,
    [
      'small.jpg: refused: face_too_small: the face has 31 pixels; 40 are needed',
      'small.jpg: refused: ood_rejected: it is no clear face',
      'none.jpg: refused: there is no such file',
      'warned.jpg: spoof_detected: it is not live',
      '',
    ].join('\n'),
  );
  assert.deepEqual(new Set(faces.map(({ subject }) => subject)), new Set(['Zoë']), 'names are composed');
  assert.ok(calls.includes('enrol default/Zoë 11 bytes'));
  const again = await add('Zoë', 'one.jpg');
  assert.deepEqual([again.code, again.err], [0, '']);
  assert.match(again.out, /^one\.jpg: was enrolled before, as face 01FACE\d+\n$/);
});

it('the exit code says whether the server refused all that was not taken, or something else went wrong', async (t) => {
  const { socketPath, dir } = await peopleServer(t);
  pictures(dir, 'one.jpg', 'small.jpg', 'broken.jpg');
  const add = async (...files: string[]) =>
    (await run(['people', 'add', 'Anna', ...files, '--socket', socketPath], { cwd: dir })).code;
  assert.deepEqual(
    [await add('one.jpg'), await add('one.jpg', 'small.jpg'), await add('small.jpg', 'broken.jpg')],
    [0, 4, 1],
  );
});

it('flags are the options of the enrolment', async (t) => {
  const { socketPath, dir, requests } = await peopleServer(t, { collections: ['default', 'staff'] });
  const flags = [
    '--similar',
    'report',
    '--several-faces=largest',
    '--min-face-size',
    '20',
    '--liveness-policy',
    'report',
  ];
  const words = ['people', 'add', 'Anna', '-', '--collection', 'staff', ...flags, '--socket', socketPath];
  assert.equal((await run(words, { cwd: dir, stdin: 'one' })).code, 0);
  const request = requests[0] as EnrolRequest | undefined;
  assert.deepEqual([request?.collection, request?.subject], ['staff', 'Anna']);
  const { similar, several_faces, min_face_size, liveness_policy } = request?.options ?? {};
  assert.deepEqual([similar, several_faces, min_face_size, liveness_policy], ['report', 'largest', 20, 'report']);
});

it('--json: a document for each picture', async (t) => {
  const { socketPath, dir } = await peopleServer(t);
  pictures(dir, 'one.jpg', 'small.jpg');
  const { code, out } = await run(['people', 'add', 'A', 'one.jpg', 'small.jpg', '--json', '--socket', socketPath], {
    cwd: dir,
  });
  assert.equal(code, 4);
  const documents = jsonLines(out) as { file: string; ok: boolean; answer?: object; error?: { reasons: object[] } }[];
  assert.deepEqual(
    documents.map(({ file, ok }) => [file, ok]),
    [
      ['one.jpg', true],
      ['small.jpg', false],
    ],
  );
  assert.equal(documents[1]?.error?.reasons.length, 2);
});

it('waits for a server that is busy, as long as it says', async (t) => {
  const { socketPath, dir, sent } = await peopleServer(t);
  pictures(dir, 'busy.jpg');
  const waits: number[] = [];
  const command = createPeopleAdd(async (ms) => void waits.push(ms));
  let shown = '';
  const to = screen(false, (text) => {
    shown += text;
  });
  const io = { stdin: new PassThrough(), stdout: to, stderr: to, env: {}, cwd: dir };
  assert.equal(await command.run(readInvocation(command, ['Anna', 'busy.jpg', '--socket', socketPath], io)), 0);
  assert.deepEqual([waits, sent.get('busy busy.jpg')], [[7000], 2]);
  assert.match(shown, /queue_full: busy; trying again in 7 s\nbusy\.jpg: face .* is enrolled\n$/);
});

it('a wrong command line sends nothing (2); without a server it ends at once (3)', async (t) => {
  const { socketPath, dir, calls } = await peopleServer(t);
  pictures(dir, 'one.jpg');
  for (const args of [
    ['Anna'],
    ['', 'one.jpg'],
    ['Anna', '-', '-'],
    ['Anna', 'one.jpg', '--similar', 'maybe'],
    ['A', 'x', '--subject', 'B'],
  ]) {
    assert.equal((await run(['people', 'add', ...args, '--socket', socketPath], { cwd: dir })).code, 2, args.join(' '));
  }
  assert.deepEqual(calls, []);
});
