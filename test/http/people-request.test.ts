import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Request } from 'express';
import type { AuditEntry } from '../../src/auth/audit-log.ts';
import { setCaller } from '../../src/auth/caller.ts';
import { FacepoolError } from '../../src/contract/errors.ts';
import { addressable, collectionPart, faceIdPart, recorded, subjectOf } from '../../src/http/people-request.ts';

const request = (params: Record<string, string> = {}): Request => ({ params }) as unknown as Request;
const refusedFor = (code: string, param: string) => (error: unknown) =>
  error instanceof FacepoolError && error.code === code && error.param === param;

it('parts of a path are names or nothing', () => {
  assert.equal(collectionPart(request({ collection: 'Staff_2.a-b' })), 'Staff_2.a-b');
  for (const collection of ['', '.', '..', '-a', 'a/b', 'ä', 'a\u0000']) {
    assert.throws(() => collectionPart(request({ collection })), refusedFor('invalid_argument', 'collection'));
  }
  assert.equal(faceIdPart(request({ id: '01ABC' })), '01ABC');
  for (const id of ['', '..', 'a b', 'x'.repeat(65)]) {
    assert.throws(() => faceIdPart(request({ id })), refusedFor('not_found', 'face_id'));
  }
});

it('names are in NFC, and can be addressed', () => {
  assert.equal(subjectOf(' Zoe\u0308 '), 'Zo\u00eb');
  for (const name of ['', '\t', '.', '..', 'a\u007f', '\ud800', 'x'.repeat(201)]) {
    assert.throws(() => subjectOf(name), refusedFor('invalid_argument', 'subject'), JSON.stringify(name));
  }
  for (const name of ['...', '.a', 'a/..', '%2e%2e']) assert.equal(addressable(name), name);
});

it('the audit log gets who, what, on what and how it ended', async () => {
  const entries: AuditEntry[] = [];
  const deps = { audit: { record: (entry: AuditEntry) => void entries.push(entry) } };
  const req = request();
  setCaller(req, { kind: 'socket' });
  assert.equal(
    await recorded(
      deps,
      req,
      'people.enrol',
      'staff',
      async () => 7,
      (faces) => ({ target: 'staff/01', faces }),
    ),
    7,
  );
  const broken = new TypeError('odd');
  await assert.rejects(
    recorded(deps, req, 'people.delete', 'staff/01', () => Promise.reject(broken)),
    (error) => error === broken,
  );
  assert.deepEqual(entries, [
    { who: 'socket', action: 'people.enrol', target: 'staff/01', result: 'ok', faces: 7 },
    { who: 'socket', action: 'people.delete', target: 'staff/01', result: 'internal' },
  ]);
});
