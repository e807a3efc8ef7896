import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareNames, foldCase } from '../../../src/gallery/store/names.ts';

describe('names', () => {
  it('are in the order of code points, not of UTF-16', () => {
    assert.ok(compareNames('ﬁ', '𝒵') < 0);
    assert.deepEqual(['ﬁ', '𝒵'].toSorted(), ['𝒵', 'ﬁ'], 'as UTF-16 has it');
    assert.equal(compareNames('a', 'a'), 0);
    assert.deepEqual(['b', 'a', 'aa', 'Z'].sort(compareNames), ['Z', 'a', 'aa', 'b']);
  });

  it('are the same in every case', () => {
    for (const [one, other] of [
      ['Straße', 'STRASSE'],
      ['Νίκος', 'ΝΊΚΟΣ'],
      ['ZOË', 'zoë'],
      ['Ольга', 'ОЛЬГА'],
    ] as const) {
      assert.equal(foldCase(one), foldCase(other));
    }
    assert.notEqual(foldCase('Zoe'), foldCase('Zoë'));
  });
});
