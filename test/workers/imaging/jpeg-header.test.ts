import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { configureSharp } from '../../../workers/imaging/decode.ts';
import { readJpegHeader } from '../../../workers/imaging/jpeg-header.ts';
import type { JpegHeader } from '../../../workers/imaging/jpeg-header.ts';
import { EVAL, quadrants, random, withoutEval } from './support.ts';

before(() => configureSharp());

const WIDTH = 64;
const HEIGHT = 40;
const picture = quadrants(WIDTH, HEIGHT);

/** What libvips says of the same bytes; null where it refuses them. */
async function byLibvips(bytes: Uint8Array): Promise<JpegHeader | null> {
  try {
    const m = await sharp(bytes, { limitInputPixels: false }).metadata();
    const orientation = m.orientation !== undefined && m.orientation >= 1 && m.orientation <= 8 ? m.orientation : 1;
    return { width: m.width, height: m.height, orientation, icc: m.icc };
  } catch {
    return null;
  }
}

function comparable(header: JpegHeader | null) {
  return header && { ...header, icc: header.icc && Buffer.from(header.icc).toString('hex') };
}

const upright = (pictures = picture): Promise<Buffer> => pictures.clone().jpeg().toBuffer();
const turned = (orientation: number): Promise<Buffer> =>
  picture.clone().withMetadata({ orientation }).jpeg().toBuffer();

/** A segment of its own, put before all others. */
function withSegment(jpeg: Buffer, marker: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

const SHORT = 3;
type Entry = readonly [tag: number, type: number, count: number, value: number];

/** EXIF with these entries in its first directory; values of a type SHORT. */
function exif(littleEndian: boolean, entries: readonly Entry[], directory = 8): Buffer {
  const tiff = Buffer.alloc(directory + 2 + entries.length * 12 + 4);
  const u16 = (v: number, at: number) => (littleEndian ? tiff.writeUInt16LE(v, at) : tiff.writeUInt16BE(v, at));
  const u32 = (v: number, at: number) => (littleEndian ? tiff.writeUInt32LE(v, at) : tiff.writeUInt32BE(v, at));
  tiff.write(littleEndian ? 'II' : 'MM', 'latin1');
  u16(42, 2);
  u32(directory, 4);
  u16(entries.length, directory);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = directory + 2 + i * 12;
    u16(tag, at);
    u16(type, at + 2);
    u32(count, at + 4);
    u16(value, at + 8);
  }
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
}

test('sides, orientation and profile of ordinary JPEGs are what libvips says', async () => {
  const cases: Record<string, Buffer> = {
    plain: await upright(),
    '4:4:4': await picture.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    sRGB: await picture.clone().withIccProfile('srgb').jpeg().toBuffer(),
    P3: await picture.clone().withIccProfile('p3').jpeg().toBuffer(),
    comment: withSegment(await upright(), 0xfe, Buffer.from('made by hand')),
  };
  for (let orientation = 1; orientation <= 8; orientation++) {
    cases[`orientation ${orientation}`] = await turned(orientation);
    for (const littleEndian of [true, false]) {
      const entries: Entry[] = [
        [0x0100, SHORT, 1, WIDTH],
        [0x0112, SHORT, 1, orientation],
      ];
      const body = exif(littleEndian, entries, orientation === 3 ? 20 : 8);
      cases[`EXIF ${orientation} ${littleEndian}`] = withSegment(await upright(), 0xe1, body);
    }
  }
  cases['EXIF without orientation'] = withSegment(await upright(), 0xe1, exif(true, [[0x0100, SHORT, 1, WIDTH]]));
  for (const [name, bytes] of Object.entries(cases)) {
    const header = readJpegHeader(bytes);
    assert.notEqual(header, null, name);
    assert.deepEqual(comparable(header), comparable(await byLibvips(bytes)), name);
  }
  assert.equal(readJpegHeader(cases['orientation 6'] ?? Buffer.alloc(0))?.orientation, 6);
  assert.equal(
    readJpegHeader(cases['P3'] ?? Buffer.alloc(0))?.icc?.length,
    (await byLibvips(cases['P3'] ?? Buffer.alloc(0)))?.icc?.length,
  );
});

test('what is out of the ordinary is left to libvips', async () => {
  const plain = await upright();
  const orientation: Entry = [0x0112, SHORT, 1, 6];
  const withExif = (body: Buffer) => withSegment(plain, 0xe1, body);
  const wrongByteOrder = exif(true, [orientation]);
  wrongByteOrder.write('XX', 6, 'latin1');
  const wrongMagic = exif(true, [orientation]);
  wrongMagic.writeUInt16LE(43, 8);
  const farDirectory = exif(true, [orientation]);
  farDirectory.writeUInt32LE(60_000, 10);
  const manyEntries = exif(true, [orientation]);
  manyEntries.writeUInt16LE(500, 14);
  const twoSegments = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x02', 'latin1'), Buffer.alloc(40)]);
  const frame = plain.indexOf(Buffer.from([0xff, 0xc0]));
  const at = (offset: number, value: number): Buffer => {
    const changed = Buffer.from(plain);
    changed[frame + offset] = value;
    return changed;
  };
  const cases: Record<string, Buffer> = {
    progressive: await picture.clone().jpeg({ progressive: true }).toBuffer(),
    grey: await picture.clone().toColourspace('b-w').jpeg().toBuffer(),
    CMYK: await picture.clone().toColourspace('cmyk').jpeg().toBuffer(),
    'two EXIF': withSegment(withExif(exif(true, [orientation])), 0xe1, exif(true, [])),
    'two orientations': withExif(exif(true, [orientation, orientation])),
    'an orientation of 9': withExif(exif(true, [[0x0112, SHORT, 1, 9]])),
    'an orientation as LONG': withExif(exif(true, [[0x0112, 4, 1, 6]])),
    'two values': withExif(exif(true, [[0x0112, SHORT, 2, 6]])),
    'no byte order': withExif(wrongByteOrder),
    'no TIFF': withExif(wrongMagic),
    'a directory outside': withExif(farDirectory),
    'more entries than bytes': withExif(manyEntries),
    'cut EXIF': withExif(Buffer.from('Exif\0\0II', 'latin1')),
    'a profile in two segments': withSegment(plain, 0xe2, twoSegments),
    'a cut profile': withSegment(plain, 0xe2, Buffer.from('ICC_PROFILE\0', 'latin1')),
    'twelve bits': at(4, 12),
    'no height': at(5, 0).fill(0, frame + 5, frame + 7),
    'no width': at(7, 0).fill(0, frame + 7, frame + 9),
    'a second frame': Buffer.concat([plain.subarray(0, 2), plain.subarray(frame, frame + 19), plain.subarray(2)]),
    'bytes between segments': Buffer.concat([plain.subarray(0, 2), Buffer.from([0]), plain.subarray(2)]),
    'no scan': plain.subarray(0, frame + 19),
    'the first two bytes': plain.subarray(0, 2),
  };
  for (const [name, bytes] of Object.entries(cases)) assert.equal(readJpegHeader(bytes), null, name);
});

test('broken headers: never another answer than libvips gives, and never an exception', async () => {
  const next = random(7);
  const seeds = [
    await turned(6),
    await picture.clone().withIccProfile('p3').withMetadata({ orientation: 3 }).jpeg().toBuffer(),
    withSegment(await upright(), 0xe1, exif(false, [[0x0112, SHORT, 1, 8]])),
  ];
  let read = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(seeds[round % seeds.length] ?? Buffer.alloc(0));
    const header = bytes.indexOf(Buffer.from([0xff, 0xda]));
    for (let n = 1 + Math.floor(next() * 3); n > 0; n--) {
      const at = 2 + Math.floor(next() * (header + 10));
      bytes[at] = next() < 0.5 ? Math.floor(next() * 256) : (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8));
    }
    const cut = next() < 0.1 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes;
    const mine = readJpegHeader(cut);
    if (mine === null) continue;
    read += 1;
    const known = await byLibvips(cut);
    // What libvips refuses it refuses again when it decodes.
    if (known === null) continue;
    assert.deepEqual(
      { width: mine.width, height: mine.height, orientation: mine.orientation },
      { width: known.width, height: known.height, orientation: known.orientation },
      `round ${round}`,
    );
  }
  assert.ok(read > 500, `only ${read} of the broken headers were read`);
});

test('the real photographs', { skip: withoutEval }, async () => {
  const folder = fileURLToPath(EVAL);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jpe?g$/i.test(name));
  let read = 0;
  for (const name of names) {
    const bytes = readFileSync(`${folder}${name}`);
    const mine = readJpegHeader(bytes);
    if (mine === null) continue;
    read += 1;
    assert.deepEqual(comparable(mine), comparable(await byLibvips(bytes)), name);
  }
  assert.ok(read > names.length / 2, `${read} of ${names.length} are read without libvips`);
});
