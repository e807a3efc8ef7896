import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { breaksConnection, toFault } from '../../../src/gallery/store/faults.ts';

const sqlite = (errcode: number): Error => Object.assign(new Error('words of SQLite: /secret/path'), { errcode });
const system = (code: string): Error => Object.assign(new Error(`${code}: /secret/path`), { code });

describe('faults', () => {
  it('are of the catalogue, without a path', () => {
    const cases: [Error, string, RegExp][] = [
      [sqlite(13), 'storage_full', /^the disk is full$/],
      [system('ENOSPC'), 'storage_full', /^the disk is full$/],
      [system('EDQUOT'), 'storage_full', /^the disk is full$/],
      [sqlite(11), 'people_unavailable', /damaged/],
      [sqlite(26 + 256), 'people_unavailable', /damaged, or is not a store/],
      [sqlite(778), 'people_unavailable', /the disk failed/],
      [sqlite(19), 'people_unavailable', /SQLite 19/],
      [system('EACCES'), 'people_unavailable', /\(EACCES\)/],
      [new TypeError('/secret/path'), 'people_unavailable', /^people\.db cannot be used$/],
    ];
    for (const [error, code, words] of cases) {
      const fault = toFault(error);
      assert.equal(fault.code, code);
      assert.match(fault.message, words);
      assert.ok(!fault.message.includes('secret'));
    }
    const known = new FacepoolError('conflict', 'x');
    assert.equal(toFault(known), known);
  });

  it('make the connection unfit, or not', () => {
    assert.deepEqual(
      [7, 10, 11, 26, 778].map((code) => breaksConnection(sqlite(code))),
      [true, true, true, true, true],
    );
    assert.deepEqual([sqlite(13), sqlite(19), system('EIO'), null].map(breaksConnection), [false, false, false, false]);
  });
});
