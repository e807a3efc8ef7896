/** Pictures that are strange, broken or meant to do harm: each gets 200 or its documented 4xx, and the server serves on. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { ErrorCode } from '../../src/contract/errors.ts';
import { detect, facesOf, post, postForm, postJson, problemOf } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';
import { picture, pictures, skip } from './support/shared.ts';

/** Faces that are found in each; measured, and looked at. */
const FACES: Readonly<Record<string, number>> = {
  'anime/ayano_1.jpeg': 0,
  'anime/cheese_demo.jpg': 1,
  'anime/hysts_input.jpg': 21,
  'awkward/bad_image.jpg': 0,
  'awkward/face_with_mask.jpg': 1,
  'awkward/fisheye.jpg': 1,
  'awkward/large_image.jpg': 1,
  'awkward/palette_mode.png': 1,
  'awkward/rotated0.png': 1,
  // A head that lies on its side is not found: rotated pictures are unreliable, see the models' README.
  'awkward/rotated90.png': 0,
  'awkward/small_image.jpg': 1,
  'awkward/statue.jpg': 1,
};

describe('awkward pictures', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  for (const name of [...pictures('awkward'), ...pictures('anime')]) {
    it(`answers ${name} on every route`, async () => {
      const image = picture(name);
      const found = await detect(server, image);
      assert.equal(found.faces.length, FACES[name], name);
      for (const route of ['/recognize', '/liveness', '/embed']) {
        const { faces, image: facts } = facesOf(await post(server, route, image, { limit: 2, fields: 'ood,crop' }));
        assert.equal(faces.length, Math.min(2, found.faces.length));
        assert.deepEqual(facts, found.image);
      }
    });
  }

  it('has met every picture of the list', () => {
    assert.deepEqual([...pictures('awkward'), ...pictures('anime')].sort(), Object.keys(FACES).sort());
  });

  it('takes a statue for live, as documented', async () => {
    const { faces } = facesOf(await post(server, '/liveness', picture('awkward/statue.jpg')));
    assert.equal(faces[0]?.liveness?.label, 'live');
  });

  describe('that are broken', () => {
    const portrait = (): Buffer => picture('photos/person-vlado.jpg');
    const cut = (bytes: Buffer, share: number): Buffer => bytes.subarray(0, Math.floor(bytes.length * share));
    const text = (words: string): Buffer => Buffer.from(words);
    const cases: readonly [string, ErrorCode, () => Buffer | Promise<Buffer>][] = [
      ['a JPEG cut in half', 'image_undecodable', () => cut(portrait(), 0.5)],
      ['a JPEG without its last tenth', 'image_undecodable', () => cut(portrait(), 0.9)],
      ['a JPEG header alone', 'image_undecodable', () => portrait().subarray(0, 20)],
      [
        'a progressive JPEG cut',
        'image_undecodable',
        async () => cut(await sharp(portrait()).jpeg({ progressive: true }).toBuffer(), 0.4),
      ],
      ['a PNG cut in half', 'image_undecodable', async () => cut(await sharp(portrait()).png().toBuffer(), 0.5)],
      ['a WebP cut in half', 'image_undecodable', async () => cut(await sharp(portrait()).webp().toBuffer(), 0.5)],
      ['a TIFF cut in half', 'image_undecodable', async () => cut(await sharp(portrait()).tiff().toBuffer(), 0.5)],
      [
        'a GIF cut in half',
        'image_undecodable',
        async () => cut(await sharp(portrait()).resize(200).gif().toBuffer(), 0.5),
      ],
      [
        'an AVIF cut in half',
        'image_undecodable',
        async () => cut(await sharp(portrait()).resize(200).avif({ effort: 0 }).toBuffer(), 0.5),
      ],
      [
        'a PNG with a wrong checksum',
        'image_undecodable',
        async () => withByteFlipped(await sharp(portrait()).png().toBuffer()),
      ],
      ['text', 'unsupported_media', () => text('this is no photograph, whatever its name says\n'.repeat(50))],
      ['one byte', 'unsupported_media', () => Buffer.of(0xff)],
      ['zeros', 'unsupported_media', () => Buffer.alloc(100_000)],
      ['HTML', 'unsupported_media', () => text('<!doctype html><html><body><img src=x></body></html>')],
      [
        'an SVG',
        'unsupported_media',
        () =>
          text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'),
      ],
      [
        'an SVG with an XML head',
        'unsupported_media',
        () => text('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'),
      ],
      ['a PDF', 'unsupported_media', () => text('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n')],
      ['a gzip bomb', 'unsupported_media', () => gzipSync(Buffer.alloc(20_000_000))],
      ['a BMP', 'unsupported_media', () => Buffer.concat([text('BM'), Buffer.alloc(200)])],
      ['a PNG of 50000×50000', 'too_many_pixels', () => bombPng(50_000, 50_000)],
      ['a PNG of 9000×9000 without its pixels', 'image_undecodable', () => bombPng(9_000, 9_000)],
      ['a PNG of 0×0', 'image_undecodable', () => bombPng(0, 0)],
    ];
    for (const [what, code, make] of cases) {
      it(`refuses ${what}: ${code}`, async () => {
        problemOf(await post(server, '/detect', await make()), code);
      });
    }

    it('refuses an empty picture in every way in', async () => {
      const empty = Buffer.alloc(0);
      problemOf(await post(server, '/detect', empty), 'missing_image');
      problemOf(await postForm(server, '/detect', { file: empty }), 'missing_image');
      problemOf(await postJson(server, '/detect', { image: { base64: '' } }), 'missing_image');
      problemOf(await postForm(server, '/detect', {}), 'missing_image');
      const half = { source_image: portrait(), target_image: empty };
      assert.equal(problemOf(await postForm(server, '/verify', half), 'missing_image').param, 'target_image');
    });

    it('says which of two pictures is broken', async () => {
      const files = { source_image: portrait(), target_image: cut(portrait(), 0.5) };
      assert.equal(problemOf(await postForm(server, '/verify', files), 'image_undecodable').param, 'target_image');
    });
  });

  describe('that are rare', () => {
    const portrait = (): Buffer => picture('photos/person-vlado.jpg');
    const cases: readonly [string, number, () => Promise<Buffer>][] = [
      ['a CMYK JPEG', 1, () => sharp(portrait()).toColourspace('cmyk').jpeg().toBuffer()],
      ['a grey JPEG', 1, () => sharp(portrait()).greyscale().jpeg().toBuffer()],
      ['a 16-bit PNG', 1, () => sharp(portrait()).toColourspace('rgb16').png().toBuffer()],
      ['a PNG with transparency', 1, () => sharp(portrait()).ensureAlpha(0.9).png().toBuffer()],
      ['an interlaced PNG', 1, () => sharp(portrait()).png({ progressive: true }).toBuffer()],
      ['a progressive JPEG', 1, () => sharp(portrait()).jpeg({ progressive: true }).toBuffer()],
      [
        'a float TIFF',
        1,
        () => sharp(portrait()).resize(640).toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer(),
      ],
      ['a JPEG with a Display P3 profile', 1, () => sharp(portrait()).withIccProfile('p3').jpeg().toBuffer()],
      ['a JPEG with 200 KB of EXIF', 1, async () => withFat(portrait(), 200_000)],
      ['bytes after the end of a JPEG', 1, async () => Buffer.concat([portrait(), Buffer.alloc(50_000, 'x')])],
      ['an animated GIF', 1, () => animation('gif')],
      ['an animated WebP', 1, () => animation('webp')],
      ['a picture of 1×1', 0, () => blank(1, 1)],
      ['a line of 4000×1', 0, () => blank(4000, 1)],
      ['a line of 1×4000', 0, () => blank(1, 4000)],
      ['a white picture', 0, () => blank(1000, 1000)],
    ];
    for (const [what, faces, make] of cases) {
      it(`reads ${what}`, async () => {
        const bytes = await make();
        assert.equal((await detect(server, bytes)).faces.length, faces);
        assert.equal(facesOf(await post(server, '/recognize', bytes, { fields: 'liveness,crop' })).faces.length, faces);
      });
    }

    function animation(format: 'gif' | 'webp'): Promise<Buffer> {
      return (async () => {
        const frame = await sharp(portrait()).resize(320).png().toBuffer();
        const negative = await sharp(frame).negate({ alpha: false }).png().toBuffer();
        const joined = sharp([frame, negative, negative], { join: { animated: true } });
        return joined.toFormat(format).toBuffer();
      })();
    }
  });

  it('serves on, with the processes it had', async () => {
    assert.equal((await detect(server, picture('photos/solvay1927.jpg'))).faces.length, 29);
    for (const model of await server.models()) {
      assert.equal(model.state, 'ready', model.name);
      assert.equal(model.restarts, 0, `${model.name}: ${model.last_death}`);
    }
    assert.equal(await server.metric('facepool_worker_restarts_total'), 0);
    assert.equal(await server.metric('facepool_requests_total', { code: 'internal' }), 0);
  });
});

function blank(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** A well-formed PNG header that promises far more than its few pixels. */
function bombPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const pixels = deflateSync(Buffer.alloc(10_000));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** One byte in the middle of the compressed pixels is another. */
function withByteFlipped(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const middle = Math.floor(out.length / 2);
  out[middle] = (out[middle] ?? 0) ^ 0xff;
  return out;
}

/** Segments of 60 KB each after the start of a JPEG. */
function withFat(jpeg: Buffer, bytes: number): Buffer {
  const segments: Buffer[] = [];
  for (let left = bytes; left > 0; left -= 60_000) {
    const head = Buffer.from([0xff, 0xe1, 0, 0]);
    const body = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.alloc(Math.min(left, 60_000), 0x41)]);
    head.writeUInt16BE(body.length + 2, 2);
    segments.push(head, body);
  }
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}
