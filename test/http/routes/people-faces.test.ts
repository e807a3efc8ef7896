import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { facesListSchema, storedFaceSchema } from '../../../src/contract/people.ts';
import { MAX_IMAGES_EACH } from '../../../src/http/routes/people-faces.ts';
import { FACE_ID, JPEG, storedFace } from '../support/people.ts';
import { peopleClient } from '../support/people-client.ts';
import { until } from '../support/server.ts';

const FACES = '/v1/collections/default/faces';
const READ = ['people:read'] as const;

describe('enrolled faces', () => {
  it('are listed by pages, looked at and deleted', async (t) => {
    const { ask, people, audited, who } = await peopleClient(t, {
      faces: async () => ({ faces: [storedFace()], next_cursor: FACE_ID }),
    });
    const page = facesListSchema.parse(await (await ask('GET', `${FACES}?subject=Anna&limit=1`, { as: READ })).json());
    assert.deepEqual(page.faces, [storedFace()]);
    const next = `${FACES}?subject=Anna&limit=1&cursor=${page.next_cursor}`;
    assert.equal((await ask('GET', next, { as: READ })).status, 200);
    // Of all subjects it is another list.
    assert.equal((await ask('GET', `${FACES}?cursor=${page.next_cursor}`, { as: READ })).status, 400);
    assert.deepEqual(storedFaceSchema.parse(await (await ask('GET', `${FACES}/${FACE_ID}`)).json()), storedFace());
    const gone = await ask('DELETE', `${FACES}/${FACE_ID}`);
    assert.deepEqual([gone.status, await gone.json()], [200, storedFace()]);
    assert.deepEqual(people.calls, [
      ['face', 'default', FACE_ID],
      ['deleteFace', 'default', FACE_ID],
    ]);
    assert.deepEqual(audited, [{ who, action: 'people.delete_face', target: `default/${FACE_ID}`, result: 'ok' }]);
  });

  it('an id that is none is nobody’s', async (t) => {
    const { refused, people } = await peopleClient(t);
    for (const id of ['..%2F..', 'a%00b', `${'A'.repeat(65)}`, '%C3%A4', 'a.b']) {
      for (const [method, path] of [
        ['GET', `${FACES}/${id}`],
        ['DELETE', `${FACES}/${id}`],
        ['GET', `${FACES}/${id}/image`],
      ] as const) {
        assert.equal((await refused(method, path)).code, 'not_found', `${method} ${path}`);
      }
    }
    for (const path of [`${FACES}/`, `${FACES}/${FACE_ID}/`, `${FACES}/${FACE_ID}/image/`, `${FACES}//image`]) {
      assert.equal((await refused('DELETE', path)).code, 'not_found', path);
    }
    assert.equal((await refused('GET', `${FACES}?subject=`)).param, 'subject');
    assert.equal((await refused('GET', `${FACES}?what=crop`)).code, 'unknown_option');
    assert.equal((await refused('GET', `${FACES}/${FACE_ID}?x=1`)).code, 'unknown_option');
    assert.equal((await refused('DELETE', `${FACES}/${FACE_ID}?x=1`)).code, 'unknown_option');
    assert.deepEqual(people.calls, []);
  });
});

describe('pictures of faces', () => {
  it('are sent as what they are, kept by no cache, and written down', async (t) => {
    const { ask, people, audited, who } = await peopleClient(t);
    const answer = await ask('GET', `${FACES}/${FACE_ID}/image`);
    assert.equal(answer.status, 200);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), JPEG);
    for (const [name, value] of [
      ['content-type', 'image/jpeg'],
      ['content-length', String(JPEG.length)],
      ['cache-control', 'private, no-store'],
      ['content-disposition', `inline; filename="${FACE_ID}-crop.jpg"`],
      ['x-content-type-options', 'nosniff'],
      ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
      ['cross-origin-resource-policy', 'same-origin'],
    ] as const) {
      assert.equal(answer.headers.get(name), value, name);
    }
    const head = await ask('HEAD', `${FACES}/${FACE_ID}/image?what=original`);
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(JPEG.length)]);
    assert.deepEqual(people.calls, [
      ['faceImage', 'default', FACE_ID, 'crop'],
      ['faceImage', 'default', FACE_ID, 'original'],
    ]);
    assert.deepEqual(
      audited,
      ['crop', 'original'].map((what) => {
        return { who, action: 'people.image', target: `default/${FACE_ID}`, result: 'ok', what };
      }),
    );
  });

  it('a stranger’s upload is never a page or a script', async (t) => {
    for (const text of ['<html><script>alert(1)</script>', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'GIF', '']) {
      const { ask } = await peopleClient(t, { faceImage: async () => Buffer.from(text) });
      const answer = await ask('GET', `${FACES}/${FACE_ID}/image?what=original`);
      assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
      assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; /);
      assert.equal(await answer.text(), text);
    }
  });

  it('large ones come whole', async (t) => {
    const large = Buffer.concat([JPEG, Buffer.alloc(3_000_000, 7)]);
    const { ask } = await peopleClient(t, { faceImage: async () => large });
    const answer = await ask('GET', `${FACES}/${FACE_ID}/image`);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(large));
  });

  it('one that is not kept is 404, and asking for it is written down', async (t) => {
    const { refused, audited } = await peopleClient(t, {
      faceImage: () => Promise.reject(new FacepoolError('not_found', 'it is not kept', { param: 'what' })),
    });
    const problem = await refused('GET', `${FACES}/${FACE_ID}/image`);
    assert.deepEqual([problem.status, problem.detail], [404, 'it is not kept']);
    assert.deepEqual(
      audited.map(({ result }) => result),
      ['not_found'],
    );
    for (const what of ['', 'CROP', 'embedding', '../x']) {
      assert.equal((await refused('GET', `${FACES}/${FACE_ID}/image?what=${what}`)).param, 'what');
    }
  });

  it('one key may look at so many at the same time', async (t) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    let asked = 0;
    const { ask, refused } = await peopleClient(t, {
      faceImage: () => {
        asked += 1;
        return promise;
      },
    });
    const running = Array.from({ length: MAX_IMAGES_EACH }, () => ask('GET', `${FACES}/${FACE_ID}/image`));
    await until(() => asked === MAX_IMAGES_EACH);
    assert.equal((await refused('GET', `${FACES}/${FACE_ID}/image`)).code, 'queue_full');
    resolve(JPEG);
    for (const answer of await Promise.all(running)) assert.equal((await answer.arrayBuffer()).byteLength, JPEG.length);
    assert.equal((await ask('GET', `${FACES}/${FACE_ID}/image`)).status, 200);
  });
});
