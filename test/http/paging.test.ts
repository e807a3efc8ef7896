import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { readPaging, sealCursor } from '../../src/http/paging.ts';

const LIST = ['/v1/collections/{collection}/subjects', 'default', ''];

const isRefused = (param: string) => (error: unknown) =>
  error instanceof FacepoolError && error.code === 'invalid_argument' && error.param === param;

it('a place comes back from its cursor, whatever is in it', () => {
  assert.deepEqual(readPaging({}, LIST), { limit: 100, cursor: null });
  assert.equal(sealCursor(null, LIST), null);
  for (const place of ['Anna', '', 'Zoë Müller', '山田', 'a"b\\c', '\u0000', 'x'.repeat(800)]) {
    const cursor = sealCursor(place, LIST);
    assert.ok(cursor !== null && /^[\w-]+$/.test(cursor));
    assert.deepEqual(readPaging({ limit: '7', cursor }, LIST), { limit: 7, cursor: place });
  }
});

it('a cursor with one character changed, added or left out is refused', () => {
  const cursor = sealCursor('Anna Müller', LIST) ?? '';
  for (let i = 0; i < cursor.length; i += 1) {
    for (const other of ['A', 'b', '_']) {
      const changed = `${cursor.slice(0, i)}${other}${cursor.slice(i + 1)}`;
      if (changed !== cursor) assert.throws(() => readPaging({ cursor: changed }, LIST), isRefused('cursor'), changed);
    }
    assert.throws(() => readPaging({ cursor: cursor.slice(0, i) }, LIST), isRefused('cursor'));
  }
  for (const changed of [`${cursor}A`, ` ${cursor}`, `${cursor}=`, 'x'.repeat(5000), 'ä']) {
    assert.throws(() => readPaging({ cursor: changed }, LIST), isRefused('cursor'));
  }
});

it('a cursor is for its own list, and parts of its name do not run together', () => {
  const cursor = sealCursor('Anna', ['subjects', 'ab', 'c']) ?? '';
  for (const list of [
    ['subjects', 'a', 'bc'],
    ['subjects', 'ab', ''],
    ['faces', 'ab', 'c'],
    ['subjects', 'ab', 'c', ''],
  ]) {
    assert.throws(() => readPaging({ cursor }, list), isRefused('cursor'));
  }
});

it('limits are whole numbers from 1 to 1000', () => {
  assert.equal(readPaging({ limit: '1000' }, LIST).limit, 1000);
  for (const limit of ['', '0', '1001', '-1', '1.5', '1e2', ' 5', 'all', '99999999999']) {
    assert.throws(() => readPaging({ limit }, LIST), isRefused('limit'), limit);
  }
});
