import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ByteBudget } from '../../../workers/imaging/byte-budget.ts';
import { configureSharp } from '../../../workers/imaging/decode.ts';
import { Frame } from '../../../workers/imaging/frame.ts';
import { openPicture } from '../../../workers/imaging/open.ts';
import { hasCode, quadrants } from './support.ts';

const WIDTH = 2400;
const HEIGHT = 1200;
const WHOLE = WIDTH * HEIGHT * 3;
let picture: Buffer;

before(async () => {
  configureSharp();
  picture = await quadrants(WIDTH, HEIGHT).jpeg().toBuffer();
});

async function open(max = 1e9): Promise<{ frame: Frame; budget: ByteBudget; held: number }> {
  const budget = new ByteBudget(max);
  const params = { ticket: 1, maxPixels: 1e8, fit: 640, multipleOf: 32 };
  const parts = await openPicture(picture, params, budget, new AbortController().signal);
  return { frame: new Frame(1, parts, budget), budget, held: budget.held };
}

test('a larger raster is made once, kept, counted, and serves every smaller wish', async () => {
  const { frame, budget, held } = await open();
  const [a, b] = await Promise.all([frame.atScale(0.5), frame.atScale(0.5)]);
  assert.deepEqual([a.decoded, b.decoded], [true, false]);
  assert.equal(a.raster, b.raster);
  assert.deepEqual([a.raster.width, a.raster.height], [1200, 600]);
  assert.deepEqual(frame.scaleOf(a.raster), { sx: 0.5, sy: 0.5 });
  assert.equal(budget.held, held + 1200 * 600 * 3);
  assert.deepEqual(await frame.atScale(0.4), { raster: a.raster, decoded: false });
  assert.equal((await frame.atScale(0.54)).decoded, false, 'not worth another decode');
});

test('a still larger one takes its place', async () => {
  const { frame, budget, held } = await open();
  await frame.atScale(0.5);
  const { raster, decoded } = await frame.atScale(7);
  assert.deepEqual([decoded, raster.width, raster.height], [true, WIDTH, HEIGHT]);
  assert.equal(budget.held, held + WHOLE);
  frame.close();
  assert.equal(budget.held, 0);
});

test('when not all of it fits, the largest that does is made', async () => {
  const { held } = await open();
  const { frame, budget } = await open(held + WHOLE / 4);
  const { raster } = await frame.atScale(1);
  assert.ok(raster.width > 1100 && raster.width <= 1200, `${raster.width}`);
  assert.ok(budget.held <= budget.max);
  const tight = await open(held + 1000);
  assert.deepEqual(await tight.frame.atScale(1), { raster: tight.frame.reduced, decoded: false });
});

test('closed while it decodes, it holds nothing afterwards', async () => {
  const { frame, budget } = await open();
  const decoding = frame.atScale(1);
  await Promise.resolve();
  frame.close();
  await decoding;
  const set = frame.keep({ specs: [], outputs: [new Uint8Array(100)], faces: 1 });
  assert.equal(frame.cropSet(set), undefined);
  assert.equal(budget.held, 0);
});

test('a decode that fails gives its bytes back, and the next one may succeed', async () => {
  const budget = new ByteBudget(1e9);
  const params = { ticket: 1, maxPixels: 1e8, fit: 640, multipleOf: 32 };
  const encoded = Buffer.from(picture);
  const frame = new Frame(1, await openPicture(encoded, params, budget, new AbortController().signal), budget);
  const held = budget.held;
  encoded.fill(0);
  await assert.rejects(frame.atScale(1), hasCode('image_undecodable'));
  assert.equal(budget.held, held);
  encoded.set(picture);
  assert.equal((await frame.atScale(1)).decoded, true);
});
