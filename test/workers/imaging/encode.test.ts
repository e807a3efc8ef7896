import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { ByteBudget } from '../../../workers/imaging/byte-budget.ts';
import { configureSharp } from '../../../workers/imaging/decode.ts';
import { encodeFaces, regionOf } from '../../../workers/imaging/encode.ts';
import { FrameStore } from '../../../workers/imaging/frame-store.ts';
import type { Frame } from '../../../workers/imaging/frame.ts';
import { openPicture } from '../../../workers/imaging/open.ts';
import { BLUE, GREEN, RED, farthest, quadrants } from './support.ts';

before(() => configureSharp());

async function open(bytes: Uint8Array, max = 1e9): Promise<Frame> {
  const budget = new ByteBudget(max);
  const params = { ticket: 1, maxPixels: 1e8, fit: 640, multipleOf: 32 };
  return new FrameStore(budget).add(await openPicture(bytes, params, budget, new AbortController().signal));
}

const box = { x_min: 1500, y_min: 200, x_max: 1700, y_max: 460 };

test('the box grows by the margin and is clipped to the picture', () => {
  assert.deepEqual(regionOf(box, 0, 2000, 1000), { left: 1500, top: 200, width: 200, height: 260 });
  assert.deepEqual(regionOf(box, 0.5, 2000, 1000), { left: 1400, top: 70, width: 400, height: 520 });
  assert.deepEqual(regionOf(box, 5, 2000, 1000), { left: 500, top: 0, width: 1500, height: 1000 });
  const outside = { x_min: -90, y_min: 4000, x_max: -50, y_max: 4100 };
  assert.deepEqual(regionOf(outside, 0, 2000, 1000), { left: 0, top: 999, width: 1, height: 1 });
  const n = Number.NaN;
  assert.deepEqual(regionOf({ x_min: n, y_min: n, x_max: n, y_max: n }, 1, 20, 10), {
    left: 0,
    top: 0,
    width: 20,
    height: 10,
  });
});

test('a face is encoded with the pixels it has in the picture, up to 1024 a side', async () => {
  const frame = await open(await quadrants(4000, 2000).jpeg().toBuffer());
  const whole = { x_min: 0, y_min: 0, x_max: 4000, y_max: 2000 };
  const faces = [
    { box: { ...box, x_min: 3000, x_max: 3200 }, landmarks: null },
    { box: whole, landmarks: null },
  ];
  const { jpegs } = await encodeFaces(frame, { frame: frame.id, faces, margin: 0, quality: 90 });
  const sizes = [];
  for (const jpeg of jpegs) {
    const { format, width, height } = await sharp(jpeg).metadata();
    sizes.push([format, width, height]);
  }
  assert.deepEqual(sizes, [
    ['jpeg', 200, 260],
    ['jpeg', 1024, 512],
  ]);
  const pixel = await sharp(jpegs[0]).extract({ left: 100, top: 100, width: 1, height: 1 }).raw().toBuffer();
  assert.ok(farthest([...pixel], GREEN) <= 6, 'it is the right part of the picture');
});

test('a smaller longest side can be asked for, and it is told where each JPEG was taken from', async () => {
  const frame = await open(await quadrants(4001, 2003).jpeg().toBuffer());
  const faces = [{ box: { x_min: 1001, y_min: 301, x_max: 1804, y_max: 900 }, landmarks: null }];
  const asked = { frame: frame.id, faces, margin: 0.5, quality: 95, maxSide: 512 };
  const { jpegs, places } = await encodeFaces(frame, asked);
  const { width, height } = await sharp(jpegs[0]).metadata();
  assert.equal(Math.max(width, height), 512);
  const place = places[0];
  assert.ok(place);
  // The grown box, to a pixel of the picture.
  assert.ok(Math.abs(place.left - 599.5) < 3 && Math.abs(place.top - 1.5) < 3, JSON.stringify(place));
  const right = place.left + width / place.scaleX;
  const bottom = place.top + height / place.scaleY;
  assert.ok(Math.abs(right - 2205.5) < 6 && Math.abs(bottom - 1199.5) < 6, `${right} ${bottom}`);
  // The quadrants meet in the middle of the picture, and so they do in the JPEG.
  const middle = [(2000.5 - place.left) * place.scaleX, (1001.5 - place.top) * place.scaleY] as const;
  for (const [dx, dy, colour] of [
    [-4, -4, RED],
    [4, -4, GREEN],
    [-4, 4, BLUE],
  ] as const) {
    const pixel = { left: Math.round(middle[0] + dx), top: Math.round(middle[1] + dy), width: 1, height: 1 };
    const seen = await sharp(jpegs[0]).extract(pixel).raw().toBuffer();
    assert.ok(farthest([...seen], colour) <= 12, `${dx} ${dy}: ${[...seen].join()}`);
  }
});

test('detail that the reduced frame has lost is in the JPEG', async () => {
  const stripes = Uint8Array.from({ length: 2560 * 640 * 3 }, (_, i) => (Math.floor(i / 6) % 2 === 0 ? 255 : 0));
  const picture = await sharp(stripes, { raw: { width: 2560, height: 640, channels: 3 } })
    .png()
    .toBuffer();
  const faces = [{ box: { x_min: 1000, y_min: 100, x_max: 1100, y_max: 200 }, landmarks: null }];
  const frame = await open(picture);
  const { jpegs } = await encodeFaces(frame, { frame: frame.id, faces, margin: 0, quality: 90 });
  const { channels } = await sharp(jpegs[0]).stats();
  assert.ok((channels[0]?.stdev ?? 0) > 100, 'stripes are still stripes');
});

test('no faces, no JPEGs; faces of no size give one pixel; little memory gives the same size', async () => {
  const bytes = await quadrants(2000, 1000).jpeg().toBuffer();
  const frame = await open(bytes, bytes.length + 640 * 320 * 3);
  const none = await encodeFaces(frame, { frame: frame.id, faces: [], margin: 1, quality: 80 });
  assert.deepEqual(none, { jpegs: [], places: [] });
  const faces = [
    { box: { x_min: 5, y_min: 5, x_max: 5, y_max: 5 }, landmarks: null },
    { box, landmarks: null },
  ];
  const { jpegs } = await encodeFaces(frame, { frame: frame.id, faces, margin: 0, quality: 80 });
  const point = await sharp(jpegs[0]).metadata();
  assert.deepEqual([point.width, point.height], [1, 1]);
  const face = await sharp(jpegs[1]).metadata();
  assert.deepEqual([face.width, face.height], [200, 260]);
});
