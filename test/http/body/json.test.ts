import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FacepoolError } from '../../../src/contract/errors.ts';
import { parseJsonBody } from '../../../src/http/body/json.ts';
import { ONE_PICTURE, TWO_PICTURES } from '../../../src/http/body/slots.ts';

const PICTURE = Buffer.from('some picture');
const base64 = PICTURE.toString('base64');
const parse = (value: unknown, slots = ONE_PICTURE) =>
  parseJsonBody(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), slots, 100);

describe('a JSON body', () => {
  it('holds the picture and options of every JSON type', () => {
    assert.deepEqual(parse({ image: { base64 }, limit: 3, fields: ['crop', 'ood'], collection: 'staff', flag: true }), {
      pictures: [PICTURE],
      options: [
        ['limit', '3'],
        ['fields', 'crop,ood'],
        ['collection', 'staff'],
        ['flag', 'true'],
      ],
    });
  });

  it('holds two pictures, in the order of the slots', () => {
    const other = Buffer.from('other');
    const body = { target_image: { base64: other.toString('base64') }, source_image: { base64 } };
    assert.deepEqual(parse(body, TWO_PICTURES), { pictures: [PICTURE, other], options: [] });
  });

  const refused: readonly (readonly [what: string, body: unknown, code: string, param?: string])[] = [
    ['broken JSON', '{"image":', 'invalid_argument'],
    ['a byte order mark', '\uFEFF{}', 'invalid_argument'],
    ['a list', [], 'invalid_argument'],
    ['null', 'null', 'invalid_argument'],
    ['a text for a picture', { image: base64 }, 'invalid_argument', 'image'],
    ['null for a picture', { image: null }, 'invalid_argument', 'image'],
    ['a URL', { image: { url: 'http://example.org/a.jpg' } }, 'invalid_argument', 'image'],
    ['an empty picture object', { image: {} }, 'invalid_argument', 'image'],
    ['a number for base64', { image: { base64: 7 } }, 'invalid_argument', 'image'],
    ['an unknown member in the picture', { image: { base64, name: 'a' } }, 'invalid_argument', 'image'],
    ['loose base64', { image: { base64: 'AAA' } }, 'invalid_argument', 'image'],
    ['too many bytes', { image: { base64: Buffer.alloc(101).toString('base64') } }, 'payload_too_large', 'image'],
    ['null for an option', { image: { base64 }, limit: null }, 'invalid_argument', 'limit'],
    ['an object for an option', { image: { base64 }, limit: { a: 1 } }, 'invalid_argument', 'limit'],
    ['a list of numbers', { image: { base64 }, fields: [1] }, 'invalid_argument', 'fields'],
  ];
  for (const [what, body, code, param] of refused) {
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => parse(body),
        (error: FacepoolError) => {
          assert.equal(error.code, code);
          assert.equal(error.param, param);
          return true;
        },
      );
    });
  }

  it('takes a picture of exactly the limit', () => {
    const bytes = Buffer.alloc(100, 1);
    assert.deepEqual(parse({ image: { base64: bytes.toString('base64') } }).pictures, [bytes]);
  });

  it('says that URLs are off', () => {
    assert.throws(() => parse({ image: { url: 'http://x' } }), /URLs are off/);
  });
});

describe('something in the place of the pictures', () => {
  const parse = (body: object, instead?: string) =>
    parseJsonBody(Buffer.from(JSON.stringify(body)), ONE_PICTURE, 1000, instead);

  it('is given as it came, beside the options', () => {
    const embedding = { space: 'a', array: [1] };
    const upload = parse({ embedding, top_k: 3 }, 'embedding');
    assert.deepEqual(upload, { pictures: [undefined], options: [['top_k', '3']], instead: embedding });
    assert.equal(parse({ embedding: null }, 'embedding').instead, null);
  });

  it('is an option like any other where nothing may stand there', () => {
    assert.throws(() => parse({ embedding: {} }), /"embedding" must be a text/);
  });

  it('cannot stand beside a picture', () => {
    assert.throws(() => parse({ embedding: {}, image: { base64: 'AAAA' } }, 'embedding'), /cannot both be given/);
  });
});

it('bodies that the parser would take seconds for are refused before it begins', () => {
  const many = 4_000_000;
  for (const body of [
    `{"a":[${'0,'.repeat(many)}0]}`,
    `{"a":${'['.repeat(many)}${']'.repeat(many)}}`,
    `{"a":[${'{},'.repeat(many)}{}]}`,
    '['.repeat(many),
  ]) {
    const began = process.cpuUsage();
    assert.throws(() => parseJsonBody(Buffer.from(body), ONE_PICTURE, many), /more than 32768 members/);
    const { user } = process.cpuUsage(began);
    assert.ok(user < 500_000, `${user} µs`);
  }
  const embedding = { space: 'a', array: Array.from({ length: 8192 }, (_, i) => i / 8192) };
  const upload = parseJsonBody(Buffer.from(JSON.stringify({ embedding })), ONE_PICTURE, 1000, 'embedding');
  assert.deepEqual(upload.instead, embedding);
});
