import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Subject } from '../../../src/contract/people.ts';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import {
  changeWords,
  fieldChanges,
  isStale,
  sameButFaces,
  sameFields,
} from '../../../src/dashboard/public/people/changed-words.js';

const anna = (over: Partial<Subject> = {}): Subject => ({
  ...{ subject: 'Anna', id: '01', metadata: { employee: 17, team: 'Blue' }, faces: 2 },
  ...{ created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-21T00:00:00Z' },
  ...over,
});

it('knows a state that is no more from a name that is taken', () => {
  const conflict = { status: 409, code: 'conflict', detail: '' };
  assert.equal(isStale(new ApiError({ ...conflict, param: 'If-Match' })), true);
  assert.equal(isStale(new ApiError({ ...conflict, param: 'subject' })), false);
  assert.equal(isStale(new ApiError({ ...conflict, code: 'invalid_argument', param: 'If-Match' })), false);
  assert.equal(isStale(new Error('conflict')), false);
});

it('takes fields for the same in whatever order, and not where only the kind differs', () => {
  assert.equal(sameFields({ a: 1, b: null }, { b: null, a: 1 }), true);
  assert.equal(sameFields({ a: 1 }, { a: '1' }), false);
  assert.equal(sameFields({ a: null }, {}), false);
  const hostile = JSON.parse('{"__proto__": 1}') as Record<string, number>;
  assert.equal(sameFields(hostile, {}), false);
});

it('takes a person for the same whose faces came and went', () => {
  assert.equal(sameButFaces(anna(), anna({ faces: 5, updated_at: '2026-11-22T00:00:00Z' })), true);
  for (const over of [{ id: '02' }, { subject: 'Bo' }, { metadata: { employee: 17 } }])
    assert.equal(sameButFaces(anna(), anna(over)), false, JSON.stringify(over));
});

it('tells what is different', () => {
  assert.equal(
    fieldChanges({ employee: 17, team: 'Blue', left: false }, { employee: 18, left: true, room: '', code: '18' }),
    '“employee” is 18, was 17; “left” is yes, was no; “room” is new: empty; “code” is new: “18”; “team” is gone',
  );
  assert.equal(fieldChanges({}, { a: 'x'.repeat(61) }), `“a” is new: “${'x'.repeat(60)}…”`);
  assert.equal(fieldChanges({ a: null }, { a: 'null' }), '“a” is “null”, was empty');
  assert.equal(
    changeWords(anna(), anna({ faces: 1, metadata: { employee: 17 } })),
    'There is 1 face now, not 2; “team” is gone.',
  );
  assert.equal(changeWords(anna(), anna({ metadata: { employee: 18, team: 'Blue' } })), '“employee” is 18, was 17.');
  assert.match(changeWords(anna(), anna({ updated_at: '2027-01-01T00:00:00Z' })), /^All that is shown here is as/);
  assert.match(changeWords(anna(), anna({ id: '02' })), /is deleted: this is somebody else called Anna\.$/);
});
