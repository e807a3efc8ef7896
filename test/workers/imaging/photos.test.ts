import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, test } from 'node:test';
import { configureSharp, decode, readHeader } from '../../../workers/imaging/decode.ts';
import { EVAL, withoutEval } from './support.ts';

const MAX = 100_000_000;

before(() => configureSharp());

test('every evaluation photograph opens', { skip: withoutEval }, async (t) => {
  for (const folder of ['photos', 'awkward', 'liveness', 'anime']) {
    for (const name of fs.readdirSync(new URL(`${folder}/`, EVAL))) {
      await t.test(`${folder}/${name}`, async () => {
        const bytes = fs.readFileSync(new URL(`${folder}/${name}`, EVAL));
        const header = await readHeader(bytes, MAX);
        assert.equal(header.format, name.endsWith('.png') ? 'png' : 'jpeg');
        const { data, width, height } = await decode(bytes, header, 640, MAX);
        assert.equal(data.length, width * height * 3);
        assert.ok(Math.max(width, height) <= 640);
        assert.ok(Math.abs(width / height - header.width / header.height) < 0.02 * (width / height));
      });
    }
  }
});

test('the awkward ones are what they are', { skip: withoutEval }, async () => {
  const size = async (name: string): Promise<number[]> => {
    const { width, height } = await readHeader(fs.readFileSync(new URL(`awkward/${name}`, EVAL)), MAX);
    return [width, height];
  };
  assert.deepEqual(await size('bad_image.jpg'), [1, 1]);
  assert.deepEqual(await size('large_image.jpg'), [6943, 4634]);
  assert.deepEqual(await size('rotated90.png'), [768, 1024]);
});
