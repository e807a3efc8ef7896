import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { SearchAnswer } from '../../../src/contract/people.ts';
import type { SearchRequest } from '../../../src/contract/services.ts';
import { searchAnswer } from '../../http/support/server.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

const [best] = searchAnswer('1').matches;
const other = {
  subject: 'Bo',
  face_id: '01B',
  cosine: 0.1,
  similarity: 0.2,
  threshold: 0.4,
  match: false,
  margin: null,
};

it('who it is, the nearest, and the exit code: 0 known, 6 nobody who is known', async (t) => {
  assert.ok(best !== undefined);
  const close: Partial<SearchAnswer> = { identity: null, matches: [best, other] };
  for (const [over, code, told] of [
    [
      { identity: 'Anna', matches: [{ ...best, margin: 0.6 }, other] },
      0,
      /^Anna\n\nPERSON .*\nAnna +yes +0\.900 +0\.7000 +0\.4000 +0\.6000 +01FACE\nBo +no +0\.200 +0\.1000 +0\.4000 +- +01B\n$/,
    ],
    [
      { identity: null, matches: [other] },
      6,
      /^nobody who is known\n\nPERSON +MATCH +SIMILARITY +COSINE +NEEDED +MARGIN +FACE\nBo +no /,
    ],
    [close, 6, /^nobody who is known\n[^]*\nAnna +yes /],
    [{ identity: null, matches: [] }, 6, /^nobody is near: the collection has no faces\n$/],
  ] satisfies [Partial<SearchAnswer>, number, RegExp][]) {
    const { socketPath, dir } = await fakeServer(t, {
      search: async ({ requestId }) => ({ ...searchAnswer(requestId), ...over }),
    });
    writeFileSync(path.join(dir, 'a.jpg'), 'picture');
    const ran = await run(['search', 'a.jpg', '--socket', socketPath], { cwd: dir });
    assert.equal(ran.code, code);
    assert.match(ran.out, told);
  }
});

it('sends the picture with its options, and tells the answer as JSON', async (t) => {
  const asked: SearchRequest[] = [];
  const { socketPath } = await fakeServer(t, {
    search: async (request) => {
      asked.push(request);
      return searchAnswer('1');
    },
  });
  const flags = ['--collection', 'staff', '--top-k', '5', '--json'];
  const { code, out } = await run(['search', '-', ...flags, '--socket', socketPath], { stdin: 'picture' });
  assert.equal(code, 0);
  assert.deepEqual(jsonLines(out), [searchAnswer('1')]);
  const [request] = asked;
  assert.ok(request !== undefined && 'image' in request);
  assert.equal(Buffer.from(request.image).toString(), 'picture');
  assert.deepEqual([request.options.collection, request.options.top_k], ['staff', 5]);
});

it('refusals and wrong command lines have their codes', async (t) => {
  const { socketPath, dir } = await fakeServer(t, {
    search: async () => {
      throw new FacepoolError('no_face', 'there is no face');
    },
  });
  writeFileSync(path.join(dir, 'a.jpg'), 'picture');
  const ours = (...args: string[]) => run(['search', ...args, '--socket', socketPath], { cwd: dir });
  const refused = await ours('a.jpg');
  assert.deepEqual([refused.code, refused.err], [4, 'facepool: no_face: there is no face\n']);
  assert.equal((await ours('nothing.jpg')).code, 1);
  for (const args of [[], ['a.jpg', 'b.jpg'], ['a.jpg', '--top-k', '0']]) assert.equal((await ours(...args)).code, 2);
});
