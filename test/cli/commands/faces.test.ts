import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { faceCommands } from '../../../src/cli/commands/faces.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { ROUTE_OPTIONS } from '../../../src/contract/options.ts';
import type { FacesRequest } from '../../../src/contract/services.ts';
import { facesAnswer } from '../../http/support/server.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

/** The bytes of a picture say what the fake server does with it. */
async function answer(request: FacesRequest) {
  const what = Buffer.from(request.image).toString();
  if (what.startsWith('none')) return { ...facesAnswer(request.requestId), faces: [] };
  if (what.startsWith('broken')) throw new FacepoolError('image_undecodable', 'The picture is broken.');
  if (what.startsWith('crash')) throw new FacepoolError('model_failed', 'The model failed.');
  return facesAnswer(request.requestId);
}

function pictures(dir: string, ...names: string[]): string[] {
  for (const name of names) writeFileSync(path.join(dir, name), `${name} picture`);
  return names;
}

it('sends each file and prints a row for each face', async (t) => {
  const { socketPath, dir, calls } = await fakeServer(t, { faces: answer });
  const files = pictures(dir, 'a.jpg', 'none.jpg');
  const { code, out, err } = await run(['detect', ...files, '--socket', socketPath], { cwd: dir });
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(calls.toSorted(), ['detect 13 bytes', 'detect 16 bytes']);
  assert.match(out, /^FILE +FACE +SCORE +BOX +SIZE\na\.jpg +1 +0\.900 +1,2 +29×38\nnone\.jpg +none\n$/);
});

it('each command asks its own route, and its flags are the route’s options', async (t) => {
  const { socketPath, dir, calls } = await fakeServer(t);
  pictures(dir, 'a');
  for (const route of ['detect', 'recognize', 'liveness', 'embed'] as const) {
    assert.equal((await run([route, 'a', '--socket', socketPath], { cwd: dir })).code, 0);
    const command = faceCommands.find(({ name }) => name === route);
    const flags = ROUTE_OPTIONS[route].map((option) => option.replaceAll('_', '-'));
    assert.deepEqual(Object.keys(command?.options ?? {}).toSorted(), [...flags, 'jobs'].toSorted());
  }
  assert.deepEqual(calls, ['detect 9 bytes', 'recognize 9 bytes', 'liveness 9 bytes', 'embed 9 bytes']);
});

it('flags reach the pipeline as options', async (t) => {
  const { socketPath, dir, requests } = await fakeServer(t);
  pictures(dir, 'a');
  const flags = ['--fields', 'landmarks,ood', '--limit', '3', '--min-face-size=20', '--det-threshold', '.5'];
  assert.equal((await run(['recognize', 'a', ...flags, '--socket', socketPath], { cwd: dir })).code, 0);
  const { fields, limit, min_face_size, det_threshold } = requests[0]?.options ?? {};
  assert.deepEqual(
    { fields, limit, min_face_size, det_threshold },
    {
      fields: ['landmarks', 'ood'],
      limit: 3,
      min_face_size: 20,
      det_threshold: 0.5,
    },
  );
});

it('a wrong flag sends nothing (2)', async (t) => {
  const { socketPath, dir, calls } = await fakeServer(t);
  pictures(dir, 'a');
  for (const [flags, message] of [
    [['--limit', '-1'], /--limit|limit/],
    [['--limit=x'], /^facepool: --limit x: /],
    [['--det-threshold', '2'], /^facepool: --det-threshold 2: /],
    [['--fields', 'nose'], /^facepool: --fields nose: /],
    [['--jobs', '0'], /^facepool: --jobs 0: must be a whole number from 1 to 999/],
    [['--top-k', '3'], /^facepool: unknown flag --top-k/],
  ] as const) {
    const { code, err } = await run(['detect', 'a', ...flags, '--socket', socketPath], { cwd: dir });
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
  assert.deepEqual(calls, []);
});

it('a file that fails does not stop the others; the code tells how they failed', async (t) => {
  const { socketPath, dir } = await fakeServer(t, { faces: answer });
  pictures(dir, 'a', 'broken', 'crash', 'b');
  mkdirSync(path.join(dir, 'folder'));
  const detect = (...files: string[]) => run(['detect', ...files, '--socket', socketPath], { cwd: dir });
  const refused = await detect('a', 'broken', 'b');
  assert.equal(refused.code, 4);
  assert.equal(refused.err, 'broken: image_undecodable: The picture is broken.\n');
  assert.match(refused.out, /\na +1 .*\nb +1 .*\n$/);
  assert.equal((await detect('broken', 'crash')).code, 1);
  const absent = await detect('a', 'absent', 'folder');
  assert.equal(absent.code, 1);
  assert.match(absent.err, /^absent: there is no such file\nfolder: it is a directory; name the files in it\n$/);
});

it('--json is one document per file, in the order of the files', async (t) => {
  const { socketPath, dir } = await fakeServer(t, { faces: answer });
  const files = pictures(dir, 'a', 'broken', 'none');
  const { code, out, err } = await run(['detect', ...files, 'absent', '--json', '--socket', socketPath], { cwd: dir });
  assert.deepEqual([code, err], [1, '']);
  const lines = jsonLines(out) as {
    file: string;
    ok: boolean;
    error?: { code: string };
    answer?: { faces: unknown[] };
  }[];
  assert.deepEqual(
    lines.map(({ file, ok, error, answer: given }) => [file, ok, error?.code ?? given?.faces.length]),
    [
      ['a', true, 1],
      ['broken', false, 'image_undecodable'],
      ['none', true, 0],
      ['absent', false, 'internal'],
    ],
  );
});

it('no more files than --jobs are in work at once', async (t) => {
  let active = 0;
  let most = 0;
  const both = Promise.withResolvers<void>();
  const faces = async (request: FacesRequest) => {
    active += 1;
    most = Math.max(most, active);
    if (active === 2) both.resolve();
    await both.promise;
    active -= 1;
    return facesAnswer(request.requestId);
  };
  const { socketPath, dir, calls } = await fakeServer(t, { faces });
  const files = pictures(dir, '1', '2', '3', '4', '5', '6');
  assert.equal((await run(['detect', ...files, '-j', '2', '--socket', socketPath], { cwd: dir })).code, 0);
  assert.deepEqual([most, calls.length], [2, 6]);
});

it('- is standard input, once', async (t) => {
  const { socketPath, calls } = await fakeServer(t);
  assert.equal((await run(['detect', '-', '--socket', socketPath], { stdin: 'bytes' })).code, 0);
  assert.deepEqual(calls, ['detect 5 bytes']);
  assert.equal((await run(['detect', '-', '-', '--socket', socketPath], { stdin: 'bytes' })).code, 2);
});

it('without a server one line says so, not one for each file (3)', async (t) => {
  const { dir, socketPath, close } = await fakeServer(t);
  const files = pictures(dir, 'a', 'b', 'c');
  await close();
  const { code, out, err } = await run(['detect', ...files, '--socket', socketPath], { cwd: dir });
  assert.deepEqual([code, out], [3, '']);
  assert.equal(err.trimEnd().split('\n').length, 1);
});
