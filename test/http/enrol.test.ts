import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { enrolAnswerSchema, REFUSALS } from '../../src/contract/people.ts';
import type { EnrolRequest } from '../../src/contract/services.ts';
import { FACE_ID } from './support/people.ts';
import { peopleClient } from './support/people-client.ts';
import { enrolAnswer, fileForm, rawRequest, UPLOAD_BYTES } from './support/server.ts';

const FACES = '/v1/collections/default/faces';
const WRITE = ['people:write'] as const;
const PICTURE = Buffer.from('some picture');
const RAW = { body: Uint8Array.from(PICTURE), headers: { 'Content-Type': 'image/jpeg' } };
const EMBEDDING = { space: 'omz-0095', array: [0.6, 0.8] };

describe('enrolling by a picture', () => {
  it('takes it in every way, with who it is in the query, the form or the body', async (t) => {
    const { ask, server, audited } = await peopleClient(t);
    const ways = [
      [`${FACES}?subject=Anna%20B`, RAW],
      [`${FACES}?subject=Anna+B`, { body: fileForm('file', PICTURE) }],
      [FACES, { body: fileForm('photo', PICTURE, { subject: 'Anna B', similar: 'report' }) }],
      [FACES, { body: { image: { base64: PICTURE.toString('base64') }, subject: 'Anna B', min_face_size: 20 } }],
    ] as const;
    for (const [path, options] of ways) {
      const answer = await ask('POST', path, { ...options, as: WRITE });
      assert.deepEqual([answer.status, answer.headers.get('location')], [201, `${FACES}/${FACE_ID}`]);
      const { created, face, request_id: id } = enrolAnswerSchema.parse(await answer.json());
      assert.deepEqual([created, face.subject, id], [true, 'Anna B', answer.headers.get('x-request-id')]);
    }
    const requests = server.calls.map(({ request }) => request as EnrolRequest);
    assert.deepEqual(
      requests.map(({ collection, subject, image }) => [collection, subject, Buffer.from(image).toString()]),
      ways.map(() => ['default', 'Anna B', 'some picture']),
    );
    assert.deepEqual([requests[2]?.options.similar, requests[3]?.options.min_face_size], ['report', 20]);
    assert.deepEqual(
      audited.map(({ action, target, result, created }) => [action, target, result, created]),
      ways.map(() => ['people.enrol', `default/${FACE_ID}`, 'ok', 'yes']),
    );
    assert.ok(!JSON.stringify([audited, server.logLines]).includes('Anna'));
    assert.match(await server.metrics.registry.metrics(), /requests_total\{route="enrol",status="201",code="ok"\} 4/);
  });

  it('the same picture again is 200', async (t) => {
    const { ask, audited } = await peopleClient(
      t,
      {},
      { enrol: async (request) => ({ ...enrolAnswer(request), created: false }) },
    );
    const answer = await ask('POST', `${FACES}?subject=Anna`, RAW);
    assert.deepEqual([answer.status, answer.headers.get('location')], [200, null]);
    assert.deepEqual([audited[0]?.result, audited[0]?.['created']], ['ok', 'known']);
  });

  it('tells the pipeline who may hear the names of others', async (t) => {
    const { ask, server } = await peopleClient(t);
    for (const as of [WRITE, ['people:read', 'people:write'], ['admin']] as const) {
      assert.equal((await ask('POST', `${FACES}?subject=Anna`, { ...RAW, as })).status, 201);
    }
    assert.deepEqual(
      server.calls.map(({ request }) => (request as EnrolRequest).canName),
      [false, true, true],
    );
  });

  it('needs the scope people:write, and does not read a picture without it', async (t) => {
    const { refused, server } = await peopleClient(t);
    for (const as of [['infer'], ['people:read']] as const) {
      assert.equal((await refused('POST', `${FACES}?subject=Anna`, { ...RAW, as })).code, 'forbidden');
    }
    assert.deepEqual(server.calls, []);
  });

  it('refuses what is wrong before the picture is read', async (t) => {
    const { server } = await peopleClient(t, {}, { auth: { mode: 'auto' } });
    const cases = [
      ['/v1/collections/-/faces?subject=Anna', 'invalid_argument', 'collection'],
      [`${FACES}?subject=`, 'invalid_argument', 'subject'],
      [`${FACES}?subject=..`, 'invalid_argument', 'subject'],
      [`${FACES}?subject=a%0Ab`, 'invalid_argument', 'subject'],
      [`${FACES}?subject=Anna&subject=Bo`, 'invalid_argument', 'subject'],
      [`${FACES}?subject=Anna&name=Bo`, 'unknown_option', 'name'],
      [`${FACES}?subject=Anna&collection=other`, 'unknown_option', 'collection'],
      [`${FACES}?subject=Anna&similar=no`, 'invalid_argument', 'similar'],
    ] as const;
    for (const [path, code, param] of cases) {
      const text = await rawRequest(server.port, (send) => {
        send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 500\r\n\r\n`);
      });
      assert.ok(text.includes(`"code":"${code}"`) && text.includes(`"param":"${param}"`), `${path}: ${text}`);
    }
    assert.deepEqual(server.calls, []);
  });

  it('refuses uploads as the other routes with pictures do', async (t) => {
    const { refused, server } = await peopleClient(t);
    const at = `${FACES}?subject=Anna`;
    const large = new Uint8Array(UPLOAD_BYTES + 1);
    for (const [code, path, options] of [
      ['invalid_argument', FACES, RAW],
      ['missing_image', at, {}],
      ['missing_image', at, { body: fileForm('file', new Uint8Array(0)) }],
      ['unsupported_media', at, { body: 'x', headers: { 'Content-Type': 'text/plain' } }],
      ['unsupported_media', at, { ...RAW, headers: { ...RAW.headers, 'Content-Encoding': 'gzip' } }],
      ['payload_too_large', at, { body: large, headers: RAW.headers }],
      ['invalid_argument', at, { body: '{', headers: { 'Content-Type': 'application/json' } }],
      ['invalid_argument', at, { body: { image: { url: 'http://127.0.0.1/a.jpg' } } }],
      ['invalid_argument', at, { body: fileForm('file', PICTURE, { subject: 'Bo' }) }],
      ['unknown_option', at, { body: { image: { base64: 'AAAA' }, colour: 'red' } }],
      ['unknown_option', at, { body: fileForm('file', PICTURE, { __proto__x: '1' }) }],
    ] as const) {
      assert.equal((await refused('POST', path, options)).code, code);
    }
    assert.deepEqual(server.calls, []);
  });

  for (const code of REFUSALS) {
    it(`${code} is 422 with every reason`, async (t) => {
      const reasons = [
        { code, detail: 'the gravest' },
        { code: 'face_too_small', detail: '12 pixels of 40' },
      ];
      const { refused, audited } = await peopleClient(
        t,
        {},
        { enrol: () => Promise.reject(new FacepoolError(code, 'the gravest', { reasons })) },
      );
      const problem = await refused('POST', `${FACES}?subject=Anna`, RAW);
      assert.deepEqual([problem.status, problem.code, problem.reasons], [422, code, reasons]);
      assert.deepEqual(
        audited.map(({ target, result }) => [target, result]),
        [['default', code]],
      );
    });
  }

  it('the deadline ends it, by the option too', async (t) => {
    const signals: AbortSignal[] = [];
    const { refused } = await peopleClient(
      t,
      {},
      {
        enrol: ({ signal }) => {
          signals.push(signal);
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      },
    );
    const problem = await refused('POST', `${FACES}?subject=Anna&timeout_ms=20`, RAW);
    assert.equal(problem.code, 'deadline_exceeded');
    assert.equal(signals[0]?.aborted, true);
  });

  it('uploads of all routes share one memory', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { ask, server } = await peopleClient(
      t,
      {},
      {
        limits: { upload_memory_bytes: 20 },
        enrol: async (request) => {
          await promise;
          return enrolAnswer(request);
        },
      },
    );
    const first = ask('POST', `${FACES}?subject=Anna`, RAW);
    while (server.calls.length === 0) await new Promise((done) => setImmediate(done));
    const second = await ask('POST', '/v1/search', RAW);
    assert.deepEqual([second.status, second.headers.get('retry-after')], [429, '1']);
    resolve();
    assert.equal((await first).status, 201);
    assert.equal((await ask('POST', '/v1/search', RAW)).status, 200);
  });
});

describe('enrolling by an embedding', () => {
  it('is for administrators, and says that nothing was looked at', async (t) => {
    const { ask, people, audited, server } = await peopleClient(t);
    for (const [path, body] of [
      [FACES, { embedding: EMBEDDING, subject: 'Anna' }],
      [`${FACES}?subject=Anna&timeout_ms=500`, { embedding: { space: 'omz-0095', base64: 'mpkZP83MTD8=' } }],
    ] as const) {
      const answer = await ask('POST', path, { body });
      assert.equal(answer.status, 201);
      const { image, quality, ood, liveness, face, models } = enrolAnswerSchema.parse(await answer.json());
      assert.deepEqual([image, quality, ood, liveness, models], [null, null, null, null, {}]);
      assert.equal(face.source, 'embedding');
    }
    assert.match(await server.metrics.registry.metrics(), /people_enrolments_total\{result="created"\} 2/);
    assert.deepEqual(people.calls[0], ['addEmbedding', 'default', 'Anna', EMBEDDING]);
    assert.deepEqual(server.calls, []);
    assert.deepEqual(
      audited.map(({ action, target }) => [action, target]),
      [
        ['people.enrol_embedding', `default/${FACE_ID}`],
        ['people.enrol_embedding', `default/${FACE_ID}`],
      ],
    );
  });

  it('is refused to everybody else, with a key, without one, and where admin.http is not set', async (t) => {
    const body = { embedding: EMBEDDING, subject: 'Anna' };
    const keyed = await peopleClient(t);
    const answer = await keyed.ask('POST', FACES, { body, as: ['people:read', 'people:write'] });
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('www-authenticate') ?? '', /scope="admin"/);
    const closed = await peopleClient(t, {}, { adminHttp: false });
    assert.equal((await closed.refused('POST', FACES, { body })).code, 'forbidden');
    const open = await peopleClient(t, {}, { auth: { mode: 'auto' } });
    assert.equal((await open.ask('POST', FACES, { body })).status, 201);
    const nobody = await fetch(open.server.url + FACES, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
    assert.deepEqual([nobody.status, nobody.headers.get('www-authenticate')], [401, 'Bearer realm="facepool"']);
    assert.deepEqual([keyed.people.calls, closed.people.calls, open.people.calls.length], [[], [], 1]);
  });

  it('refuses what is no embedding, and what is about pictures', async (t) => {
    const { refused, people } = await peopleClient(t, {}, { limits: { upload_bytes: 1_000_000 } });
    for (const [body, param] of [
      [{ embedding: EMBEDDING }, 'subject'],
      [{ embedding: EMBEDDING, subject: '..' }, 'subject'],
      [{ embedding: EMBEDDING, subject: 'Anna', similar: 'report' }, 'similar'],
      [{ embedding: EMBEDDING, subject: 'Anna', image: { base64: 'AAAA' } }, 'embedding'],
      [{ embedding: [1, 2], subject: 'Anna' }, 'embedding'],
      [{ embedding: null, subject: 'Anna' }, 'embedding'],
      [{ embedding: { array: [1] }, subject: 'Anna' }, 'embedding.space'],
      [{ embedding: { space: 'a' }, subject: 'Anna' }, 'embedding'],
      [{ embedding: { space: 'a', array: ['1'] }, subject: 'Anna' }, 'embedding.array.0'],
      [{ embedding: { space: 'a', array: [1], base64: 'AAAA' }, subject: 'Anna' }, 'embedding'],
      [{ embedding: { space: 'a', array: Array(9000).fill(0) }, subject: 'Anna' }, 'embedding'],
      [{ embedding: { ...EMBEDDING, norm: 1 }, subject: 'Anna' }, 'embedding'],
    ] as const) {
      const problem = await refused('POST', FACES, { body });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', param], JSON.stringify(body).slice(0, 90));
    }
    assert.deepEqual(people.calls, []);
  });

  it('what the gallery refuses is told and written down', async (t) => {
    const { refused, audited, server } = await peopleClient(t, {
      addEmbedding: () => Promise.reject(new FacepoolError('space_mismatch', 'another space')),
    });
    const problem = await refused('POST', FACES, { body: { embedding: EMBEDDING, subject: 'Anna' } });
    assert.deepEqual([problem.status, problem.code], [409, 'space_mismatch']);
    assert.deepEqual(
      audited.map(({ target, result }) => [target, result]),
      [['default', 'space_mismatch']],
    );
    assert.match(await server.metrics.registry.metrics(), /people_enrolments_total\{result="failed"\} 1/);
  });
});
