import assert from 'node:assert/strict';
import { it } from 'node:test';
import { metadataSchema } from '../../../src/contract/metadata.ts';
import { joinFields, metadataLine, metadataOf, rowsOf } from '../../../src/dashboard/public/people/metadata.js';

const METADATA = { employee: 17, team: 'Blue', left: false, 'card no.': null, code: '0042' };
const row = (name: string, value: string, kind: 'text' | 'number' | 'flag' | 'nothing' = 'text') => ({
  name,
  kind,
  value,
});

it('comes back from a form as it was', () => {
  assert.deepEqual(metadataOf(rowsOf(METADATA)), { metadata: METADATA });
  assert.equal(metadataLine(METADATA), 'employee 17, team Blue, left no, card no. –, code 0042');
  assert.equal(metadataLine({}), '');
});

it('reads what people type', () => {
  const rows = [
    row(' a ', ' b '),
    row('n', ' 1,5 ', 'number'),
    row('f', 'true', 'flag'),
    row('', ''),
    row('', 'x', 'nothing'),
  ];
  const read = metadataOf(rows);
  assert.deepEqual(read, { metadata: { a: ' b ', n: 1.5, f: true } });
  assert.deepEqual('metadata' in read && metadataSchema.parse(read.metadata), { a: ' b ', n: 1.5, f: true });
});

it('says which row is at fault', () => {
  const fault = (...rows: ReturnType<typeof row>[]) => {
    const read = metadataOf(rows);
    return 'fault' in read ? `${read.row} ${read.fault}` : 'none';
  };
  assert.match(fault(row('a', '1'), row('', 'x')), /^1 .*no name/);
  assert.match(fault(row('a', '1'), row('a', '2')), /^1 “a” is there twice/);
  assert.match(fault(row('a', 'seven', 'number')), /^0 “a” is to be a number/);
  assert.match(fault(row('a', '', 'number')), /number/);
  assert.match(fault(row('a'.repeat(101), 'x')), /100 characters/);
  assert.match(fault(row('a', 'x'.repeat(1001))), /1000 characters/);
  assert.match(fault(...[1, 2, 3, 4, 5].map((i) => row(`f${i}`, 'x'.repeat(1000)))), /^-1 .*4096/);
});

it('joins what is typed with what somebody else saved', () => {
  const base = { team: 'Blue', room: 4, left: false, old: null };
  const typed = { team: 'Blue', room: 5, left: false, mine: 'x' };
  const saved = { team: 'Red', room: 6, old: null, theirs: true };
  assert.deepEqual(joinFields(base, typed, saved), { team: 'Red', room: 5, mine: 'x', theirs: true });
  assert.deepEqual(joinFields(base, typed, base), typed);
  assert.deepEqual(joinFields(base, base, saved), saved);
  const hostile = JSON.parse('{"__proto__": 1}') as Record<string, number>;
  assert.deepEqual(Object.entries(joinFields({}, {}, hostile)), [['__proto__', 1]]);
});
