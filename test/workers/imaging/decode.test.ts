import assert from 'node:assert/strict';
import process from 'node:process';
import { before, test } from 'node:test';
import zlib from 'node:zlib';
import { configureSharp, decode, fitInside, readHeader } from '../../../workers/imaging/decode.ts';
import type { Header } from '../../../workers/imaging/decode.ts';
import { toRaster } from '../../../workers/imaging/raster.ts';
import type { Raster } from '../../../workers/imaging/raster.ts';
import { BLUE, GREEN, GREY, RED, farthest, hasCode, noise, pixelAt, quadrants } from './support.ts';
import type { Rgb } from './support.ts';

const MAX = 100_000_000;
const WIDTH = 320;
const HEIGHT = 200;

before(() => configureSharp());

async function open(bytes: Uint8Array, fit = 640): Promise<{ header: Header; pixels: Raster }> {
  const header = await readHeader(bytes, MAX);
  return { header, pixels: await decode(bytes, header, fit, MAX) };
}

function assertQuadrants(pixels: Raster, tolerance: number, wanted: readonly Rgb[] = [RED, GREEN, BLUE, GREY]): void {
  for (const [i, colour] of wanted.entries()) {
    const x = Math.floor(pixels.width * (i % 2 === 0 ? 0.25 : 0.75));
    const y = Math.floor(pixels.height * (i < 2 ? 0.25 : 0.75));
    const off = farthest(pixelAt(pixels, x, y), colour);
    assert.ok(off <= tolerance, `quadrant ${i} is ${pixelAt(pixels, x, y).join()}, not ${colour.join()}`);
  }
}

/** CMYK has no green like ours: the nearest that ink can do. An inverted picture would be off by 170 and more. */
const OUT_OF_GAMUT = 90;
/** Display P3 is read without conversion; saturated colours come out duller. */
const AS_IT_IS = 60;

const picture = quadrants(WIDTH, HEIGHT);
const FORMATS: readonly [name: string, format: string, make: () => Promise<Buffer>, tolerance: number][] = [
  ['JPEG', 'jpeg', () => picture.clone().jpeg().toBuffer(), 4],
  ['JPEG progressive', 'jpeg', () => picture.clone().jpeg({ progressive: true }).toBuffer(), 4],
  ['JPEG 4:4:4', 'jpeg', () => picture.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(), 4],
  ['JPEG CMYK', 'jpeg', () => picture.clone().toColourspace('cmyk').jpeg().toBuffer(), OUT_OF_GAMUT],
  [
    'JPEG CMYK, profile',
    'jpeg',
    () => picture.clone().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
    OUT_OF_GAMUT,
  ],
  ['JPEG P3', 'jpeg', () => picture.clone().withIccProfile('p3').jpeg().toBuffer(), AS_IT_IS],
  ['PNG', 'png', () => picture.clone().png().toBuffer(), 0],
  ['PNG interlaced', 'png', () => picture.clone().png({ progressive: true }).toBuffer(), 0],
  ['PNG palette', 'png', () => picture.clone().png({ palette: true, colours: 16 }).toBuffer(), 4],
  ['PNG 16 bit', 'png', () => picture.clone().toColourspace('rgb16').png().toBuffer(), 1],
  ['PNG alpha', 'png', () => picture.clone().ensureAlpha(0.5).png().toBuffer(), 1],
  ['WebP', 'webp', () => picture.clone().webp().toBuffer(), 8],
  ['WebP lossless', 'webp', () => picture.clone().webp({ lossless: true }).toBuffer(), 0],
  ['AVIF', 'avif', () => picture.clone().avif({ effort: 0 }).toBuffer(), 8],
  ['AVIF 10 bit', 'avif', () => picture.clone().avif({ effort: 0, bitdepth: 10 }).toBuffer(), 8],
  ['GIF', 'gif', () => picture.clone().gif().toBuffer(), 8],
  ['TIFF', 'tiff', () => picture.clone().tiff({ compression: 'lzw' }).toBuffer(), 0],
  ['TIFF JPEG', 'tiff', () => picture.clone().tiff({ compression: 'jpeg' }).toBuffer(), 6],
  ['TIFF tiled', 'tiff', () => picture.clone().tiff({ compression: 'deflate', tile: true }).toBuffer(), 0],
  ['TIFF CMYK', 'tiff', () => picture.clone().toColourspace('cmyk').tiff().toBuffer(), OUT_OF_GAMUT],
];

test('every format that is read, in its depths and colour spaces, gives upright RGB', async (t) => {
  for (const [name, format, make, tolerance] of FORMATS) {
    await t.test(name, async () => {
      const { header, pixels } = await open(await make());
      assert.equal(header.format, format);
      assert.deepEqual([header.width, header.height], [WIDTH, HEIGHT]);
      assert.equal(header.orientationApplied, false);
      assert.deepEqual([pixels.width, pixels.height], [WIDTH, HEIGHT]);
      assertQuadrants(pixels, tolerance);
    });
  }
});

test('a picture is padded right and below with zeros', async () => {
  const bytes = await picture.clone().png().toBuffer();
  const header = await readHeader(bytes, MAX);
  const plain = await decode(bytes, header, 640, MAX);
  const padded = await decode(bytes, header, 640, MAX, 96);
  assert.deepEqual(padded, toRaster(plain.data, WIDTH, HEIGHT, 96));
  assert.deepEqual([padded.paddedWidth, padded.paddedHeight], [384, 288]);
});

test('grey pictures, 8, 16 and 1 bit, have three equal channels', async () => {
  const grey = picture.clone().greyscale();
  const makes = [
    grey.clone().jpeg().toBuffer(),
    grey.clone().toColourspace('grey16').png().toBuffer(),
    grey.clone().threshold(100).tiff({ bitdepth: 1 }).toBuffer(),
  ];
  for (const bytes of await Promise.all(makes)) {
    const { pixels } = await open(bytes);
    for (const [x, y] of [
      [20, 20],
      [300, 180],
    ] as const) {
      const [r, g, b] = pixelAt(pixels, x, y);
      assert.ok(r === g && g === b);
    }
  }
});

test('all eight EXIF orientations come out upright', async () => {
  const upright: Record<number, readonly Rgb[]> = {
    1: [RED, GREEN, BLUE, GREY],
    2: [GREEN, RED, GREY, BLUE],
    3: [GREY, BLUE, GREEN, RED],
    4: [BLUE, GREY, RED, GREEN],
    5: [RED, BLUE, GREEN, GREY],
    6: [BLUE, RED, GREY, GREEN],
    7: [GREY, GREEN, BLUE, RED],
    8: [GREEN, GREY, RED, BLUE],
  };
  for (const [key, wanted] of Object.entries(upright)) {
    const orientation = Number(key);
    for (const fit of [640, 160]) {
      const bytes = await picture.clone().jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
      const { header, pixels } = await open(bytes, fit);
      const turned = orientation >= 5;
      assert.deepEqual([header.width, header.height], turned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]);
      assert.equal(header.orientationApplied, orientation !== 1);
      assert.deepEqual({ width: pixels.width, height: pixels.height }, fitInside(header.width, header.height, fit));
      assertQuadrants(pixels, 6, wanted);
    }
  }
});

test('the first frame of an animation and the first page of a document are taken', async () => {
  // Two frames, one above the other.
  const height = HEIGHT * 2;
  const tall = await quadrants(WIDTH, height).raw().toBuffer();
  const { default: sharp } = await import('sharp');
  const frames = sharp(tall, { raw: { width: WIDTH, height, channels: 3, pageHeight: HEIGHT } });
  for (const bytes of [await frames.clone().gif().toBuffer(), await frames.clone().webp().toBuffer()]) {
    const { header, pixels } = await open(bytes);
    assert.deepEqual([header.width, header.height, pixels.height], [WIDTH, HEIGHT, HEIGHT]);
    assertQuadrants(pixels, 8, [RED, GREEN, RED, GREEN]);
  }
});

test('pictures are reduced to fit; only very small ones are enlarged', async () => {
  assert.deepEqual(fitInside(4000, 3000, 640), { width: 640, height: 480 });
  assert.deepEqual(fitInside(3000, 4001, 640), { width: 480, height: 640 });
  assert.deepEqual(fitInside(10_000, 1, 640), { width: 640, height: 1 });
  assert.deepEqual(fitInside(500, 300, 640), { width: 500, height: 300 });
  assert.deepEqual(fitInside(161, 100, 640), { width: 161, height: 100 });
  assert.deepEqual(fitInside(160, 100, 640), { width: 320, height: 200 });
  assert.deepEqual(fitInside(1, 1, 640), { width: 2, height: 2 });
  for (const [width, height] of [
    [1, 1],
    [3000, 1],
    [160, 100],
    [1001, 667],
  ] as const) {
    const { pixels } = await open(await quadrants(width, height).png().toBuffer());
    assert.deepEqual({ width: pixels.width, height: pixels.height }, fitInside(width, height, 640));
  }
});

test('a wide-gamut profile is converted', async () => {
  const bytes = await picture.clone().withIccProfile('p3').png().toBuffer();
  const header = await readHeader(bytes, MAX);
  assert.equal(header.convertIcc, false);
  const asIs = await decode(bytes, header, 640, MAX);
  const converted = await decode(bytes, { ...header, convertIcc: true }, 640, MAX);
  assert.ok(farthest(pixelAt(converted, 20, 20), RED) <= 2, 'through the profile the colours are right');
  assert.ok(farthest(pixelAt(asIs, 20, 20), RED) > 2, 'the profile is not a no-op');
});

test('what was copied to its place is freed at once, not when garbage is collected', async () => {
  const bytes = await noise(640, 480).jpeg({ quality: 50 }).toBuffer();
  const header = await readHeader(bytes, MAX);
  const place = new Uint8Array(640 * 480 * 3);
  const held = () => process.memoryUsage().external;
  await decode(bytes, header, 640, MAX, 32, () => place);
  const before = held();
  for (let i = 0; i < 12; i++) await decode(bytes, header, 640, MAX, 32, () => place);
  assert.ok(held() - before < place.length, `${held() - before} bytes more are held after twelve pictures`);
});

test('a header that does not fit the picture is refused: its faces would be at wrong places', async () => {
  const bytes = await picture.clone().jpeg().toBuffer();
  const header = await readHeader(bytes, MAX);
  await assert.rejects(
    decode(bytes, { ...header, width: HEIGHT, height: WIDTH }, 640, MAX),
    hasCode('image_undecodable'),
  );
});

test('what is cut off is refused, at half and at the very end', async (t) => {
  const big = noise(300, 200);
  const makes: [string, Promise<Buffer>][] = [
    ['JPEG', big.clone().jpeg().toBuffer()],
    ['JPEG progressive', big.clone().jpeg({ progressive: true }).toBuffer()],
    ['PNG', big.clone().png().toBuffer()],
    ['PNG interlaced', big.clone().png({ progressive: true }).toBuffer()],
    ['WebP', big.clone().webp().toBuffer()],
    ['WebP lossless', big.clone().webp({ lossless: true }).toBuffer()],
    ['AVIF', big.clone().avif({ effort: 0 }).toBuffer()],
    ['GIF', big.clone().gif().toBuffer()],
    ['TIFF', big.clone().tiff({ compression: 'lzw' }).toBuffer()],
    ['TIFF JPEG', big.clone().tiff({ compression: 'jpeg' }).toBuffer()],
  ];
  for (const [name, make] of makes) {
    const bytes = await make;
    await open(bytes);
    for (const part of [0.1, 0.5, 0.95, 0.99]) {
      await t.test(`${name} at ${part * 100} %`, async () => {
        await assert.rejects(open(bytes.subarray(0, Math.floor(bytes.length * part))), hasCode('image_undecodable'));
      });
    }
  }
});

test('harmless oddities are accepted', async () => {
  const bytes = await picture.clone().jpeg().toBuffer();
  const { pixels } = await open(Buffer.concat([bytes, Buffer.alloc(1000)]));
  assertQuadrants(pixels, 4);
});

test('what is no picture is refused with its own code, and no word of the decoder', async () => {
  const table: [Uint8Array, Parameters<typeof hasCode>[0]][] = [
    [new Uint8Array(0), 'missing_image'],
    [Buffer.from('hello, this is text'), 'unsupported_media'],
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'unsupported_media'],
    [Buffer.from('%PDF-1.7\n'), 'unsupported_media'],
    [Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]), 'image_undecodable'],
    [Buffer.from('\x89PNG\r\n\x1a\nnothing', 'latin1'), 'image_undecodable'],
    [Buffer.from('GIF89a'), 'image_undecodable'],
    [Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), 'image_undecodable'],
    [Buffer.from('II*\0\x08\0\0\0', 'latin1'), 'image_undecodable'],
    [Buffer.from('\0\0\0\x14ftypavif\0\0\0\0avif', 'latin1'), 'image_undecodable'],
  ];
  for (const [bytes, code] of table) {
    await assert.rejects(open(bytes), (error: Error) => {
      assert.ok(hasCode(code)(error), `${error.message} should be ${code}`);
      assert.doesNotMatch(error.message, /vips|libpng|buffer|\/|0x/i);
      return true;
    });
  }
});

/** A PNG of a few bytes that claims to be enormous. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(zlib.crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const data = zlib.deflateSync(Buffer.alloc(100_000));
  const end = chunk('IEND', Buffer.alloc(0));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', data), end]);
}

test('a bomb is refused by its header, in the numbers of the client', async () => {
  await assert.rejects(readHeader(bomb(50_000, 50_000), MAX), (error: Error) => {
    assert.ok(hasCode('too_many_pixels')(error));
    assert.match(error.message, /50000×50000 = 2500000000 pixels; at most 100000000/);
    return true;
  });
  await assert.rejects(open(bomb(5000, 5000)), hasCode('image_undecodable'));
  const bytes = await picture.clone().png().toBuffer();
  await readHeader(bytes, WIDTH * HEIGHT);
  await assert.rejects(readHeader(bytes, WIDTH * HEIGHT - 1), hasCode('too_many_pixels'));
});

test('formats that cannot be read row by row are charged for the whole picture', async () => {
  const scratch = async (bytes: Promise<Buffer>): Promise<number> => (await readHeader(await bytes, MAX)).scratchBytes;
  const pixels = WIDTH * HEIGHT;
  assert.equal(await scratch(picture.clone().jpeg().toBuffer()), 0);
  assert.equal(await scratch(picture.clone().png().toBuffer()), 0);
  assert.equal(await scratch(picture.clone().jpeg({ progressive: true }).toBuffer()), pixels * 3);
  assert.equal(await scratch(picture.clone().webp().toBuffer()), pixels * 4);
  assert.equal(await scratch(picture.clone().toColourspace('rgb16').png({ progressive: true }).toBuffer()), pixels * 6);
});
