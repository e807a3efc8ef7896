/** The routes of people on a real server: awkward names, pictures, export, a backup and the way back; no name in any log. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import {
  collectionsAnswerSchema,
  enrolAnswerSchema,
  facesListSchema,
  peopleCheckSchema,
  peopleStatusSchema,
  subjectSchema,
  subjectsAnswerSchema,
} from '../../src/contract/people.ts';
import { exportLineSchema } from '../../src/contract/people-export.ts';
import { problemSchema } from '../../src/contract/results.ts';
import { startServer, type TestServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const SUBJECTS = '/v1/collections/default/subjects';
const FACES = '/v1/collections/default/faces';
/** Who is on which picture. */
const WHO: Readonly<Record<string, string>> = {
  'Zoë Müller/intern': 'person-christina',
  '../../../etc/passwd': 'person-lauren',
  '山田 太郎 👩‍🔬': 'person-vlado',
};
const portrait = (name: string): Buffer => picture(`photos/${name}.jpg`);

type Got = { readonly status: number; readonly headers: Record<string, unknown>; readonly bytes: Buffer };

/** Over the admin socket, and without a word of what a URL is. */
function ask(server: TestServer, method: string, where: string, body?: Buffer, type = 'image/jpeg'): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const headers = {
    Host: 'localhost',
    ...(body === undefined ? {} : { 'Content-Type': type, 'Content-Length': body.length }),
  };
  const sent = request({ socketPath: server.socket, method, path: where, headers, agent: false }, (answer) => {
    buffer(answer).then((bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes }), reject);
  });
  sent.on('error', reject).end(body);
  return promise;
}
const askJson = (server: TestServer, method: string, where: string, body: object): Promise<Got> =>
  ask(server, method, where, Buffer.from(JSON.stringify(body)), 'application/json');
const jsonOf = ({ bytes }: Got): unknown => JSON.parse(bytes.toString());
const nameIn = (name: string): string => `${SUBJECTS}/${encodeURIComponent(name)}`;

describe('people over HTTP', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ env: { FACEPOOL_PEOPLE_STORE_IMAGES: 'originals' } });
  });
  after(() => server?.stop());
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = subjectsAnswerSchema.parse(jsonOf(await ask(server, 'GET', `${SUBJECTS}?limit=1${query}`)));
      found.push(...page.subjects.map(({ subject }) => subject));
      cursor = page.next_cursor;
    }
    return found;
  };

  it('enrols people of awkward names, and finds them by pages', async () => {
    for (const [name, file] of Object.entries(WHO)) {
      const where = `${FACES}?subject=${encodeURIComponent(name.normalize('NFD'))}`;
      const answer = await ask(server, 'POST', where, portrait(file));
      assert.equal(answer.status, 201, answer.bytes.toString());
      assert.equal(enrolAnswerSchema.parse(jsonOf(answer)).face.subject, name.normalize('NFC'));
      const subject = subjectSchema.parse(jsonOf(await ask(server, 'GET', nameIn(name))));
      assert.equal(subject.faces, 1);
    }
    assert.deepEqual((await names()).toSorted(), Object.keys(WHO).toSorted());
    const status = peopleStatusSchema.parse(jsonOf(await ask(server, 'GET', '/v1/people')));
    assert.deepEqual([status.state, status.subjects, status.faces], ['ready', 3, 3]);
    assert.equal(await server.metric('facepool_people_faces'), 3);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  });

  it('gives the pictures back as they came, and crops that are pictures', async () => {
    const [name = '', file = ''] = Object.entries(WHO)[0] ?? [];
    const list = await ask(server, 'GET', `${FACES}?subject=${encodeURIComponent(name)}`);
    const [face] = facesListSchema.parse(jsonOf(list)).faces;
    assert.ok(face?.crop && face.original);
    const original = await ask(server, 'GET', `${FACES}/${face.face_id}/image?what=original`);
    assert.equal(original.headers['content-type'], 'image/jpeg');
    assert.ok(original.bytes.equals(portrait(file)));
    const crop = await ask(server, 'GET', `${FACES}/${face.face_id}/image`);
    assert.equal((await sharp(crop.bytes).metadata()).format, 'jpeg');
    assert.equal(crop.headers['cache-control'], 'private, no-store');
  });

  it('a copy brings everybody back, and one that is none changes nothing', async () => {
    const backup = await ask(server, 'GET', '/v1/people/backup');
    assert.deepEqual([backup.status, backup.headers['content-length']], [200, String(backup.bytes.length)]);
    assert.equal(backup.bytes.subarray(0, 15).toString(), 'SQLite format 3');
    const [gone = '', file = ''] = Object.entries(WHO)[1] ?? [];
    assert.equal((await ask(server, 'DELETE', nameIn(gone))).status, 200);
    assert.equal((await ask(server, 'GET', nameIn(gone))).status, 404);

    const broken = Buffer.from(backup.bytes);
    broken.fill(0xff, Math.floor(broken.length / 2));
    for (const bad of [broken, backup.bytes.subarray(0, 5000), portrait(file)]) {
      const refused = await ask(server, 'POST', '/v1/people/restore', bad, 'application/octet-stream');
      assert.equal(problemSchema.parse(jsonOf(refused)).code, 'invalid_argument', refused.bytes.toString());
      assert.ok(!refused.bytes.toString().includes(server.dataDir));
    }
    assert.equal((await names()).length, 2);

    const restored = await ask(server, 'POST', '/v1/people/restore', backup.bytes, 'application/vnd.sqlite3');
    assert.equal(restored.status, 200, restored.bytes.toString());
    assert.deepEqual(peopleCheckSchema.parse(jsonOf(restored)).subjects, 3);
    const known = await ask(server, 'POST', '/v1/search', portrait(file));
    assert.equal((jsonOf(known) as { identity: string }).identity, gone);
    const check = peopleCheckSchema.parse(jsonOf(await ask(server, 'POST', '/v1/people/check')));
    assert.deepEqual([check.ok, check.faults], [true, []]);
    const left = readdirSync(path.join(server.dataDir, 'tmp'), { recursive: true, withFileTypes: true });
    assert.deepEqual(
      left.filter((entry) => entry.isFile()).map(({ name }) => name),
      [],
    );
  });

  it('an export can be enrolled elsewhere', async () => {
    const exported = await ask(server, 'GET', '/v1/collections/default/export');
    const lines = exported.bytes.toString().trimEnd().split('\n');
    const people = lines.map((line) => exportLineSchema.parse(JSON.parse(line)));
    assert.deepEqual(people.map(({ subject }) => subject).toSorted(), Object.keys(WHO).toSorted());
    assert.equal((await askJson(server, 'POST', '/v1/collections', { name: 'copy' })).status, 201);
    for (const { subject, faces } of people) {
      for (const { space, embedding: base64 } of faces) {
        const body = { embedding: { space, base64 }, subject };
        const answer = await askJson(server, 'POST', '/v1/collections/copy/faces', body);
        assert.equal(answer.status, 201, answer.bytes.toString());
        assert.equal(enrolAnswerSchema.parse(jsonOf(answer)).face.source, 'embedding');
      }
    }
    const known = await ask(server, 'POST', '/v1/search?collection=copy', portrait('person-vlado1'));
    assert.equal((jsonOf(known) as { identity: string }).identity, '山田 太郎 👩‍🔬');
  });

  it('is not for who comes over TCP: exports, copies, embeddings', async () => {
    for (const where of ['/v1/collections/default/export', '/v1/people/backup', '/v1/people/reembed']) {
      assert.equal((await fetch(server.url + where)).status, 404, where);
    }
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ subject: 'Eve', embedding: { space: 'omz-0095', array: [1] } });
    assert.equal((await fetch(server.url + FACES, { method: 'POST', headers, body })).status, 403);
  });

  it('renames, merges and deletes, and no log has a name', async () => {
    const [a = '', b = '', c = ''] = Object.keys(WHO);
    const taken = await askJson(server, 'PATCH', nameIn(a), { subject: b });
    assert.deepEqual([taken.status, problemSchema.parse(jsonOf(taken)).code], [409, 'conflict']);
    const merged = await askJson(server, 'PATCH', nameIn(a), { subject: b, merge: true, metadata: { age: 7 } });
    assert.deepEqual([subjectSchema.parse(jsonOf(merged)).faces, (await names()).length], [2, 2]);
    const renamed = await askJson(server, 'PATCH', nameIn(c), { subject: 'a.b' });
    assert.equal(renamed.headers['location'], nameIn('a.b'));
    assert.equal((await ask(server, 'DELETE', nameIn('a.b'))).status, 200);
    assert.equal((await ask(server, 'DELETE', '/v1/collections/copy')).status, 204);
    const list = collectionsAnswerSchema.parse(jsonOf(await ask(server, 'GET', '/v1/collections')));
    assert.deepEqual(
      list.collections.map(({ name, faces }) => [name, faces]),
      [['default', 2]],
    );

    const audit = await until('the audit log is written', 20_000, () => {
      const text = readFileSync(path.join(server.dataDir, 'logs/audit.log'), 'utf8');
      return text.includes('people.delete_collection') ? text : undefined;
    });
    const actions = new Set(
      audit
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { action: string }).action),
    );
    for (const action of ['enrol', 'enrol_embedding', 'image', 'export', 'backup', 'restore', 'check', 'merge']) {
      assert.ok(actions.has(`people.${action}`), action);
    }
    const written = JSON.stringify([audit, server.log(), server.stderr()]);
    for (const name of [...Object.keys(WHO), 'Müller', 'passwd', '太郎', '"a.b"'])
      assert.ok(!written.includes(name), name);
  });
});
