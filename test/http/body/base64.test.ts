import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBase64 } from '../../../src/http/body/base64.ts';

describe('strict base64', () => {
  it('decodes every length, with and without a data URL', () => {
    for (let length = 0; length < 8; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => 250 - i * 30));
      const text = bytes.toString('base64');
      assert.deepEqual(decodeBase64(text), bytes);
      assert.deepEqual(decodeBase64(`data:image/jpeg;base64,${text}`), bytes);
    }
  });

  const broken = [
    'A',
    'AA',
    'AAA',
    'AAAA AAAA',
    'AAAA\nAAA',
    'A*AA',
    '-_-_',
    '=AAA',
    'AA==AAAA',
    'A===',
    '====',
    'ÄAAA',
  ];
  for (const text of [
    ...broken,
    'data:image/jpeg,AAAA',
    'data:image/jpeg;base64',
    'data:AAAA',
    `data:${'x'.repeat(300)};base64,AAAA`,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(decodeBase64(text), null));
  }
});
