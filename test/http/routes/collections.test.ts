import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError, type ErrorCode } from '../../../src/contract/errors.ts';
import {
  collectionSchema,
  collectionsAnswerSchema,
  erasingSchema,
  type People,
  type Subject,
  subjectSchema,
  subjectsAnswerSchema,
} from '../../../src/contract/people.ts';
import { subjectTag } from '../../../src/gallery/subject-tag.ts';
import { collection, subject, SUBJECT_ID } from '../support/people.ts';
import { peopleClient } from '../support/people-client.ts';
import { rawBody, rawRequest } from '../support/server.ts';

const SUBJECTS = '/v1/collections/default/subjects';
const READ = ['people:read'] as const;
const WRITE = ['people:write'] as const;

describe('collections', () => {
  it('are listed, made, looked at and deleted', async (t) => {
    const { ask, people, audited, who } = await peopleClient(t);
    const list = collectionsAnswerSchema.parse(await (await ask('GET', '/v1/collections', { as: READ })).json());
    assert.deepEqual(list.collections, [collection()]);
    const made = await ask('POST', '/v1/collections', { body: { name: 'staff.2026' }, as: WRITE });
    assert.deepEqual([made.status, made.headers.get('location')], [201, '/v1/collections/staff.2026']);
    assert.deepEqual(collectionSchema.parse(await made.json()), collection('staff.2026'));
    const one = await ask('GET', '/v1/collections/staff.2026', { as: READ });
    assert.deepEqual(await one.json(), collection('staff.2026'));
    const gone = await ask('DELETE', '/v1/collections/staff.2026');
    assert.deepEqual([gone.status, await gone.text()], [204, '']);
    assert.deepEqual(people.calls, [
      ['collections', { limit: 100, cursor: null }],
      ['createCollection', 'staff.2026'],
      ['collection', 'staff.2026'],
      ['deleteCollection', 'staff.2026'],
    ]);
    assert.deepEqual(
      audited.map(({ action, target, result }) => [action, target, result]),
      [
        ['people.create_collection', 'staff.2026', 'ok'],
        ['people.delete_collection', 'staff.2026', 'ok'],
      ],
    );
    assert.equal(audited[1]?.who, who);
  });

  it('are refused with what is wrong with their names', async (t) => {
    const { refused, people } = await peopleClient(t);
    for (const name of ['', '-a', 'a b', 'ä', 'a/b', 'x'.repeat(65), 7, null, undefined]) {
      const problem = await refused('POST', '/v1/collections', { body: { name } });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'name'], String(name));
    }
    for (const path of ['-a', 'a%20b', 'a%2Fb', '%00', 'x'.repeat(65)]) {
      const problem = await refused('GET', `/v1/collections/${path}`);
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'collection'], path);
    }
    assert.equal((await refused('POST', '/v1/collections', { body: { name: 'a', color: 1 } })).param, 'color');
    assert.equal((await refused('POST', '/v1/collections', { body: 'name=a' })).code, 'unsupported_media');
    assert.deepEqual(people.calls, []);
  });
});

describe('subjects', () => {
  const NAMES = [
    'Anna',
    'Zoë Müller',
    '山田 太郎',
    'a/b',
    '../../etc/passwd',
    'a.b',
    '%2F',
    'x?y#z',
    "Robert'); --",
    '👩‍🔬',
  ];

  for (const name of NAMES) {
    it(`can be called ${JSON.stringify(name)}`, async (t) => {
      const { ask, people, audited } = await peopleClient(t);
      const path = `${SUBJECTS}/${encodeURIComponent(name)}`;
      const made = await ask('POST', SUBJECTS, { body: { subject: name, metadata: { age: 7 } }, as: WRITE });
      assert.deepEqual([made.status, made.headers.get('location')], [201, path]);
      assert.deepEqual(subjectSchema.parse(await made.json()), subject(name, { metadata: { age: 7 }, faces: 0 }));
      assert.deepEqual(await (await ask('GET', path, { as: READ })).json(), subject(name));
      const changed = await ask('PATCH', path, { body: { metadata: { age: 8 } }, as: WRITE });
      assert.deepEqual([changed.status, changed.headers.get('location')], [200, path]);
      const gone = await ask('DELETE', path, { as: WRITE });
      assert.deepEqual([gone.status, subjectSchema.parse(await gone.json())], [200, subject(name)]);
      const asked = people.calls.map(([method, , who]) => [method, who]);
      assert.deepEqual(asked.at(0), ['createSubject', name]);
      assert.deepEqual(asked.at(-1), ['deleteSubject', name]);
      // Ids, and never a name.
      assert.ok(!JSON.stringify(audited).includes(JSON.stringify(name).slice(1, -1)), name);
      assert.deepEqual(
        audited.map(({ action, target }) => [action, target]),
        ['create_subject', 'change', 'delete'].map((action) => [`people.${action}`, `default/${SUBJECT_ID}`]),
      );
    });
  }

  it('are one whatever way their letters are composed, and without blanks around', async (t) => {
    const { ask, people } = await peopleClient(t);
    const decomposed = 'Zoe\u0308';
    await ask('GET', `${SUBJECTS}/${encodeURIComponent(` ${decomposed} `)}`);
    await ask('POST', SUBJECTS, { body: { subject: `${decomposed} ` } });
    await ask('GET', `/v1/collections/default/faces?subject=${encodeURIComponent(decomposed)}`);
    await ask('GET', `${SUBJECTS}?find=${encodeURIComponent(decomposed)}`);
    assert.deepEqual(people.calls, [
      ['subject', 'default', 'Zo\u00eb'],
      ['createSubject', 'default', 'Zo\u00eb', {}],
      ['faces', 'default', { limit: 100, cursor: null, subject: 'Zo\u00eb' }],
      ['subjects', 'default', { limit: 100, cursor: null, find: 'Zo\u00eb' }],
    ]);
  });

  it('have no empty, endless or unspeakable names', async (t) => {
    const { refused, people } = await peopleClient(t);
    for (const name of ['', ' ', 'a\u0000b', 'a\nb', 'x'.repeat(201), '\u{10FFFF}', '.', '..', ' .. ']) {
      const problem = await refused('POST', SUBJECTS, { body: { subject: name } });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'subject'], JSON.stringify(name));
      const renamed = await refused('PATCH', `${SUBJECTS}/Anna`, { body: { subject: name } });
      assert.deepEqual([renamed.code, renamed.param], ['invalid_argument', 'subject'], JSON.stringify(name));
    }
    for (const path of ['%20', 'a%00b', 'x'.repeat(201)]) {
      const problem = await refused('GET', `${SUBJECTS}/${path}`);
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'subject'], path);
    }
    // Neither UTF-8 nor well-formed.
    for (const path of ['%FF', '%', '%E4%A']) {
      assert.equal((await refused('DELETE', `${SUBJECTS}/${path}`)).code, 'invalid_argument', path);
    }
    assert.deepEqual(people.calls, []);
  });

  it('an address without the name is not the list, nor the collection', async (t) => {
    const { refused, people } = await peopleClient(t);
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      for (const path of [
        `${SUBJECTS}/`,
        '/v1/collections/',
        '/v1/collections/default/',
        '/v1/collections//subjects',
      ]) {
        assert.equal((await refused(method, path)).code, 'not_found', `${method} ${path}`);
      }
    }
    assert.deepEqual(people.calls, []);
  });

  it('".." in an address, as it is sent without a browser, reaches nobody', async (t) => {
    const { server, people } = await peopleClient(t, {}, { auth: { mode: 'auto' }, keys: { find: () => undefined } });
    for (const dots of ['..', '.', '%2e%2e', '%2E.']) {
      const text = await rawRequest(server.port, (send) => {
        send(`DELETE ${SUBJECTS}/${dots} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      });
      assert.match(text, /^HTTP\/1.1 400 /);
      assert.equal((rawBody(text) as { param: string }).param, 'subject');
    }
    assert.deepEqual(people.calls, []);
  });

  it('are listed by pages and by a part of the name', async (t) => {
    const { ask, people } = await peopleClient(t);
    const first = await ask('GET', `${SUBJECTS}?limit=1&find=an`, { as: READ });
    const { subjects, next_cursor: cursor } = subjectsAnswerSchema.parse(await first.json());
    assert.deepEqual(subjects, [subject('Anna')]);
    assert.ok(cursor !== null && /^[\w-]+$/.test(cursor));
    assert.equal((await ask('GET', `${SUBJECTS}?limit=1&find=an&cursor=${cursor}`)).status, 200);
    assert.deepEqual(people.calls, [
      ['subjects', 'default', { limit: 1, cursor: null, find: 'an' }],
      ['subjects', 'default', { limit: 1, cursor: 'Anna', find: 'an' }],
    ]);
  });

  it('a cursor of another list, or one that was changed, is refused', async (t) => {
    const { ask, refused } = await peopleClient(t);
    const answer = subjectsAnswerSchema.parse(await (await ask('GET', SUBJECTS)).json());
    const cursor = answer.next_cursor ?? '';
    for (const path of [
      `${SUBJECTS}?find=a&cursor=${cursor}`,
      `/v1/collections/other/subjects?cursor=${cursor}`,
      `/v1/collections?cursor=${cursor}`,
      `/v1/collections/default/faces?cursor=${cursor}`,
      `${SUBJECTS}?cursor=${cursor.slice(0, -1)}`,
      `${SUBJECTS}?cursor=${cursor}A`,
      `${SUBJECTS}?cursor=`,
      `${SUBJECTS}?cursor=Anna`,
    ]) {
      const problem = await refused('GET', path);
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'cursor'], path);
    }
  });

  it('queries are strict', async (t) => {
    const { refused, people } = await peopleClient(t);
    for (const [method, path, code, param] of [
      ['GET', '/v1/collections?find=a', 'unknown_option', 'find'],
      ['GET', '/v1/collections/default?x=1', 'unknown_option', 'x'],
      ['DELETE', '/v1/collections/default?force=true', 'unknown_option', 'force'],
      ['POST', '/v1/collections?name=a', 'unknown_option', 'name'],
      ['GET', `${SUBJECTS}?limit=0`, 'invalid_argument', 'limit'],
      ['GET', `${SUBJECTS}?limit=1001`, 'invalid_argument', 'limit'],
      ['GET', `${SUBJECTS}?limit=1e2`, 'invalid_argument', 'limit'],
      ['GET', `${SUBJECTS}?limit=1&limit=2`, 'invalid_argument', 'limit'],
      ['GET', `${SUBJECTS}?find=${'x'.repeat(201)}`, 'invalid_argument', 'find'],
      ['GET', `${SUBJECTS}/Anna?x=1`, 'unknown_option', 'x'],
      ['PATCH', `${SUBJECTS}/Anna?merge=true`, 'unknown_option', 'merge'],
      ['DELETE', `${SUBJECTS}/Anna?force=1`, 'unknown_option', 'force'],
    ] as const) {
      const problem = await refused(method, path, method === 'PATCH' ? { body: { subject: 'Bo' } } : {});
      assert.deepEqual([problem.code, problem.param], [code, param], path);
    }
    assert.deepEqual(people.calls, []);
  });
});

describe('changing a subject', () => {
  it('renames, merges and sets metadata', async (t) => {
    const { ask, people, audited } = await peopleClient(t, {
      subject: async (_collection, name) => subject(name, { id: `ID-OF-${name.length}` }),
    });
    const renamed = await ask('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'Anna B.' } });
    assert.deepEqual([renamed.status, renamed.headers.get('location')], [200, `${SUBJECTS}/Anna%20B.`]);
    await ask('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'Bo', merge: true, metadata: { a: null } } });
    assert.deepEqual(people.calls, [
      ['changeSubject', 'default', 'Anna', { subject: 'Anna B.', merge: false }],
      ['changeSubject', 'default', 'Anna', { subject: 'Bo', merge: true, metadata: { a: null } }],
    ]);
    assert.deepEqual(
      audited.map(({ action, target, into }) => [action, target, into]),
      [
        ['people.change', 'default/ID-OF-4', undefined],
        ['people.merge', 'default/ID-OF-4', `default/${SUBJECT_ID}`],
      ],
    );
  });

  it('only in the state that was seen, where If-Match says which', async (t) => {
    const { ask, refused, people } = await peopleClient(t);
    const seen = await ask('GET', `${SUBJECTS}/Anna`);
    const etag = seen.headers.get('etag') ?? '';
    const tag = subjectTag(subjectSchema.parse(await seen.json()));
    assert.equal(etag, `"${tag}"`);
    const changed = await ask('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'Bo' }, headers: { 'If-Match': etag } });
    assert.notEqual(changed.headers.get('etag') ?? etag, etag);
    await ask('DELETE', `${SUBJECTS}/Anna`, { headers: { 'If-Match': etag } });
    await ask('DELETE', `${SUBJECTS}/Anna`, { headers: { 'If-Match': '*' } });
    assert.deepEqual(
      people.calls.filter(([method]) => method !== 'subject'),
      [
        ['changeSubject', 'default', 'Anna', { subject: 'Bo', merge: false }, tag],
        ['deleteSubject', 'default', 'Anna', tag],
        ['deleteSubject', 'default', 'Anna'],
      ],
    );
    for (const header of ['bare', 'W/"weak"', '"one", "two"', '""', '"a b"']) {
      const headers = { 'If-Match': header };
      const problem = await refused('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'Bo' }, headers });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'If-Match'], header);
    }
  });

  it('is refused where nothing or nonsense is asked for', async (t) => {
    const { refused, people } = await peopleClient(t);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v'.repeat(100)]));
    for (const [body, param] of [
      [{}, 'subject'],
      [{ merge: true }, 'merge'],
      [{ subject: 7 }, 'subject'],
      [{ metadata: { a: [] } }, 'metadata.a'],
      [{ metadata: many }, 'metadata'],
      [{ metadata: null }, 'metadata'],
      [{ subject: 'Bo', merge: 'yes' }, 'merge'],
      [{ name: 'Bo' }, 'name'],
    ] as const) {
      const problem = await refused('PATCH', `${SUBJECTS}/Anna`, { body });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', param], JSON.stringify(body).slice(0, 60));
    }
    const large = await refused('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'x'.repeat(70_000) } });
    assert.equal(large.code, 'payload_too_large');
    assert.deepEqual(people.calls, []);
  });
});

describe('who may ask for people', () => {
  const CHANGES = [
    ['POST', '/v1/collections', { name: 'a' }],
    ['DELETE', '/v1/collections/default', undefined],
    ['POST', SUBJECTS, { subject: 'Bo' }],
    ['PATCH', `${SUBJECTS}/Anna`, { subject: 'Bo' }],
    ['DELETE', `${SUBJECTS}/Anna`, undefined],
    ['DELETE', '/v1/collections/default/faces/01FACE', undefined],
  ] as const;
  const READS = [
    '/v1/people',
    '/v1/collections',
    '/v1/collections/default',
    SUBJECTS,
    `${SUBJECTS}/Anna`,
    '/v1/collections/default/faces',
    '/v1/collections/default/faces/01FACE',
    '/v1/collections/default/faces/01FACE/image',
  ];

  it('needs the scope', async (t) => {
    const { ask, refused, people } = await peopleClient(t);
    for (const [method, path, body] of CHANGES) {
      for (const as of [['infer'], READ] as const) {
        const problem = await refused(method, path, { body, as });
        assert.deepEqual([problem.status, problem.code], [403, 'forbidden'], `${as.join()} ${method} ${path}`);
      }
    }
    for (const path of READS) {
      for (const as of [['infer'], WRITE] as const) {
        const answer = await ask('GET', path, { as });
        assert.equal(answer.status, 403, `${as.join()} ${path}`);
        assert.match(answer.headers.get('www-authenticate') ?? '', /scope="people:read"/);
      }
    }
    assert.deepEqual(people.calls, []);
    for (const path of READS) assert.equal((await ask('GET', path, { as: READ })).status, 200, path);
    for (const [method, path, body] of CHANGES) {
      assert.ok((await ask(method, path, { body, as: WRITE })).ok, `${method} ${path}`);
    }
  });

  it('says what an address takes', async (t) => {
    const { ask } = await peopleClient(t);
    const answer = await ask('PUT', `${SUBJECTS}/Anna`);
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD, PATCH, DELETE, OPTIONS']);
  });

  it('a server that closes changes nothing any more', async (t) => {
    const { refused, people } = await peopleClient(t, {}, { control: { stopping: () => true } });
    for (const [method, path, body] of CHANGES) {
      assert.equal((await refused(method, path, { body })).code, 'shutting_down', path);
    }
    assert.deepEqual(people.calls, []);
  });
});

describe('what goes wrong with people', () => {
  const codes: [ErrorCode, number][] = [
    ['not_found', 404],
    ['conflict', 409],
    ['space_mismatch', 409],
    ['people_unavailable', 503],
    ['storage_full', 507],
    ['internal', 500],
  ];
  for (const [code, status] of codes) {
    it(`${code} is ${status}, and written down`, async (t) => {
      const fail = () => Promise.reject(new FacepoolError(code, `no: ${code}`, { param: 'subject' }));
      const { ask, audited } = await peopleClient(t, { createSubject: fail, subject: fail, changeSubject: fail });
      const answers = [
        await ask('POST', SUBJECTS, { body: { subject: 'Anna' } }),
        await ask('PATCH', `${SUBJECTS}/Anna`, { body: { subject: 'Bo' } }),
        await ask('GET', `${SUBJECTS}/Anna`),
      ];
      for (const answer of answers) {
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('retry-after'), status === 503 ? '2' : null);
        assert.equal(((await answer.json()) as { code: string }).code, code);
      }
      assert.deepEqual(
        audited.map(({ target, result }) => [target, result]),
        [
          ['default', code],
          ['default', code],
        ],
      );
    });
  }

  it('an error that is nobody’s tells the client nothing, and the log no name', async (t) => {
    const broken = async (): Promise<never> => {
      throw new TypeError('/srv/facepool/people.db is odd');
    };
    const { refused, server } = await peopleClient(t, { subject: broken });
    const problem = await refused('GET', `${SUBJECTS}/Secret%20Name`);
    assert.equal(problem.code, 'internal');
    assert.ok(!JSON.stringify(problem).includes('/srv'));
    assert.ok(!JSON.stringify(server.logLines).includes('Secret'));
  });

  it('a deadline ends the waiting, not the work', async (t) => {
    const { promise, resolve } = Promise.withResolvers<Subject>();
    const { refused, audited } = await peopleClient(
      t,
      { deleteSubject: () => promise },
      { limits: { timeout_ms: 20 } },
    );
    assert.equal((await refused('DELETE', `${SUBJECTS}/Anna`)).code, 'deadline_exceeded');
    assert.deepEqual(audited, []);
    resolve(subject('Anna'));
    await promise;
    await new Promise((done) => setImmediate(done));
    assert.deepEqual(
      audited.map(({ action, result }) => [action, result]),
      [['people.delete', 'ok']],
    );
  });

  it('a collection that takes longer to erase is accepted once that is durable, and written down then', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const deleteCollection: People['deleteCollection'] = (_name, watch) => {
      watch?.onDurable?.();
      return promise;
    };
    const { ask, audited } = await peopleClient(t, { deleteCollection }, { limits: { timeout_ms: 20 } });
    const answer = await ask('DELETE', '/v1/collections/staff');
    assert.deepEqual([answer.status, answer.headers.get('location')], [202, '/v1/people']);
    assert.deepEqual(erasingSchema.parse(await answer.json()), { name: 'staff', state: 'erasing' });
    resolve();
    await promise;
    await new Promise((done) => setImmediate(done));
    assert.deepEqual(
      audited.map(({ action, target, result }) => [action, target, result]),
      [['people.delete_collection', 'staff', 'ok']],
    );
  });

  it('what fails of it when it is durable does not take the acceptance back', async (t) => {
    const deleteCollection: People['deleteCollection'] = async (_name, watch) => {
      watch?.onDurable?.();
      throw new FacepoolError('people_unavailable', 'the thread of the store ended');
    };
    const { ask, audited } = await peopleClient(t, { deleteCollection });
    assert.equal((await ask('DELETE', '/v1/collections/staff')).status, 202);
    assert.deepEqual(
      audited.map(({ result }) => result),
      ['ok'],
    );
  });

  it('one that is not known to be durable is not accepted, and is withdrawn', async (t) => {
    const withdrawn: unknown[] = [];
    const deleteCollection: People['deleteCollection'] = (_name, watch) =>
      new Promise((_resolve, reject) => {
        watch?.signal?.addEventListener('abort', () => {
          withdrawn.push(watch.signal?.reason);
          reject(new FacepoolError('deadline_exceeded', 'it was withdrawn'));
        });
      });
    const { refused, audited } = await peopleClient(t, { deleteCollection }, { limits: { timeout_ms: 20 } });
    const problem = await refused('DELETE', '/v1/collections/staff');
    assert.deepEqual([problem.status, problem.code, withdrawn.length], [504, 'deadline_exceeded', 1]);
    assert.deepEqual(
      audited.map(({ target, result }) => [target, result]),
      [['staff', 'deadline_exceeded']],
    );
  });
});
