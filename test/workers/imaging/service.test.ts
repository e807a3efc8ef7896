import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { CropResult, FaceGeometry, OpenParams, OpenResult } from '../../../src/contract/protocol.ts';
import type { CropSpec } from '../../../src/contract/manifest.ts';
import { Arena, viewOf } from '../../../src/frames/arena.ts';
import { Inbox } from '../../../src/frames/inbox.ts';
import { configureSharp } from '../../../workers/imaging/decode.ts';
import { ImagingService } from '../../../workers/imaging/service.ts';
import { FakePort, hasCode, noise, quadrants, random } from './support.ts';

const v = 1;
const MB = 1_048_576;
const BOX: CropSpec = { kind: 'box', size: 64, margin: 1.5, border: 'reflect-101' };
const ALIGNED: CropSpec = {
  kind: 'aligned',
  size: 112,
  landmarks: 'five',
  template: [
    [0.34, 0.46],
    [0.66, 0.46],
    [0.5, 0.64],
    [0.37, 0.82],
    [0.63, 0.82],
  ],
  border: 'zero',
};

function faceAt(x: number, y: number, side: number): FaceGeometry {
  const p = (u: number, w: number): [number, number] => [x + u * side, y + w * side];
  return {
    box: { x_min: x, y_min: y, x_max: x + side, y_max: y + side },
    landmarks: [p(0.3, 0.4), p(0.7, 0.4), p(0.5, 0.6), p(0.35, 0.8), p(0.65, 0.8)],
  };
}

class Rig {
  readonly uploads = new Inbox();
  readonly port = new FakePort();
  readonly service: ImagingService;
  #last = 0;

  constructor(maxFrameBytes = 256 * MB, poolFromFaces = 1000, arena: Arena | null = null) {
    const config = { socketPath: '', maxFrameBytes, cropThreads: 1, poolFromFaces, sharedBytes: 0 };
    this.service = new ImagingService(config, this.uploads, arena);
  }

  upload(ticket: number, bytes: Uint8Array): void {
    this.uploads.receive({ ticket, part: 0, length: bytes.length }, bytes);
  }

  open(bytes: Uint8Array | null, options: Partial<OpenParams> = {}): number {
    const id = ++this.#last;
    const params = { ticket: id, maxPixels: 100_000_000, fit: 640, multipleOf: 32, ...options };
    this.service.call({ v, type: 'open', id, params }, this.port);
    if (bytes !== null) this.upload(id, bytes);
    return id;
  }

  async opened(bytes: Uint8Array): Promise<OpenResult> {
    return (await this.port.answer(this.open(bytes))) as OpenResult;
  }

  crop(frame: number, faces: readonly FaceGeometry[], specs: readonly CropSpec[]): number {
    const id = ++this.#last;
    this.service.call({ v, type: 'crop', id, params: { frame, faces, specs } }, this.port);
    return id;
  }

  encode(frame: number, faces: readonly FaceGeometry[]): number {
    const id = ++this.#last;
    this.service.call({ v, type: 'encode', id, params: { frame, faces, margin: 0.2, quality: 80 } }, this.port);
    return id;
  }
}

let small: Buffer;
let large: Buffer;

before(async () => {
  configureSharp();
  small = await quadrants(320, 200).jpeg().toBuffer();
  large = await noise(2400, 1600).jpeg({ quality: 70 }).toBuffer();
});

test('open says begin, then answers with the geometry', async () => {
  const rig = new Rig();
  const id = rig.open(large);
  const { frame, decodeMs, ...rest } = (await rig.port.answer(id)) as OpenResult;
  assert.deepEqual(rig.port.began, [id]);
  assert.deepEqual(rest, {
    width: 2400,
    height: 1600,
    format: 'jpeg',
    orientationApplied: false,
    reducedWidth: 640,
    reducedHeight: 427,
    inputWidth: 640,
    inputHeight: 448,
    shared: null,
  });
  assert.ok(decodeMs > 0);
  assert.equal(rig.service.budget.held, large.length + 640 * 448 * 3);
  rig.service.close(frame);
  rig.service.close(frame);
  rig.service.close(999);
  assert.equal(rig.service.budget.held, 0);
});

test('begin is not said before the upload is there', async () => {
  const rig = new Rig();
  const id = rig.open(null);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(rig.port.began, []);
  rig.upload(id, small);
  await rig.port.answer(id);
  assert.deepEqual(rig.port.began, [id]);
});

test('refusals carry their codes and hold nothing', async () => {
  const rig = new Rig();
  await assert.rejects(rig.port.answer(rig.open(new Uint8Array(0))), hasCode('missing_image'));
  await assert.rejects(rig.port.answer(rig.open(Buffer.from('text'))), hasCode('unsupported_media'));
  await assert.rejects(rig.port.answer(rig.open(small.subarray(0, 500))), hasCode('image_undecodable'));
  await assert.rejects(rig.port.answer(rig.open(small, { maxPixels: 1000 })), hasCode('too_many_pixels'));
  await assert.rejects(rig.port.answer(rig.crop(1, [], [])), hasCode('not_found'));
  await assert.rejects(rig.port.answer(rig.encode(1, [])), hasCode('not_found'));
  assert.equal(rig.service.budget.held, 0);
  assert.equal(rig.service.frames.size, 0);
});

test('a picture that alone exceeds the bound is refused; one that does not fit now waits its turn', async () => {
  const tiny = new Rig(100_000);
  await assert.rejects(tiny.port.answer(tiny.open(large)), hasCode('too_many_pixels'));

  const each = small.length + 320 * 224 * 3;
  const rig = new Rig(each * 2);
  const [a, b] = [await rig.opened(small), await rig.opened(small)];
  const waiting = rig.open(small);
  const behind = rig.open(small);
  while (rig.service.budget.waiting < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(rig.service.budget.held, each * 2);
  rig.service.abandon(waiting);
  rig.service.close(a.frame);
  const d = (await rig.port.answer(behind)) as OpenResult;
  await assert.rejects(
    rig.port.answer(waiting),
    { code: 'deadline_exceeded' },
    'it had begun: the supervisor counts it',
  );
  rig.service.close(b.frame);
  rig.service.close(d.frame);
  assert.equal(rig.service.budget.held, 0);
});

test('an abandonment that crosses the answer closes the frame', async () => {
  const rig = new Rig();
  const id = rig.open(small);
  await rig.port.answer(id);
  assert.equal(rig.service.frames.size, 1);
  rig.service.abandon(id);
  assert.equal(rig.service.frames.size, 0);
  assert.equal(rig.service.budget.held, 0);
});

test('an upload that comes after its call was abandoned is dropped', async () => {
  const rig = new Rig();
  const id = rig.open(null);
  rig.service.abandon(id);
  await new Promise((resolve) => setImmediate(resolve));
  rig.upload(id, small);
  assert.equal(rig.uploads.unclaimed, 0);
  assert.deepEqual([rig.port.results.size, rig.port.errors.size], [0, 0]);
});

test('nothing is held after any order of open, crop, encode, abandon and close', async () => {
  const next = random(42);
  const pictures = [small, large, small.subarray(0, 300), Buffer.from('no picture')];
  const rig = new Rig(3 * MB + large.length * 2);
  for (let round = 0; round < 200; round++) {
    const id = rig.open(pictures[Math.floor(next() ** 2 * pictures.length)] ?? small);
    const settled = rig.port.answer(id).then(
      (value) => value as OpenResult,
      () => null,
    );
    const luck = next();
    if (luck < 0.4) {
      for (let turns = Math.floor(next() * 8); turns > 0; turns--) await new Promise((done) => setImmediate(done));
      rig.service.abandon(id);
      continue;
    }
    const result = await settled;
    if (result === null) continue;
    const faces = [faceAt(20, 20, result.width * 0.02 + 4)];
    const call = luck < 0.6 ? rig.encode(result.frame, faces) : rig.crop(result.frame, faces, [BOX, ALIGNED]);
    if (luck < 0.8) await rig.port.answer(call);
    else rig.service.abandon(call);
    rig.service.close(result.frame);
  }
  await rig.service.stop();
  assert.equal(rig.service.budget.held, 0);
  assert.equal(rig.service.budget.waiting, 0);
  assert.equal(rig.service.frames.size, 0);
});

test('small faces are taken from a larger decode, once; large ones from the reduced frame', async () => {
  const rig = new Rig();
  const { frame } = await rig.opened(large);
  const before = rig.service.budget.held;
  const near = await rig.port.answer(rig.crop(frame, [faceAt(100, 100, 900)], [ALIGNED, BOX]));
  assert.equal((near as { decodedAgain: boolean }).decodedAgain, false);
  const cropBytes = 112 * 112 * 3 + 64 * 64 * 3;
  assert.equal(rig.service.budget.held, before + cropBytes);

  const far = [faceAt(100, 100, 900), faceAt(1500, 800, 90)];
  const first = (await rig.port.answer(rig.crop(frame, far, [ALIGNED]))) as { set: number; decodedAgain: boolean };
  assert.equal(first.decodedAgain, true);
  const second = (await rig.port.answer(rig.crop(frame, far, [ALIGNED]))) as { decodedAgain: boolean };
  assert.equal(second.decodedAgain, false, 'the larger decode is kept');
  rig.service.close(frame);
  assert.equal(rig.service.budget.held, 0);
});

test('when the bytes for a larger decode are not there, the crops come from what there is', async () => {
  const rig = new Rig(large.length + 640 * 448 * 3 + 1000);
  const { frame } = await rig.opened(large);
  const result = await rig.port.answer(rig.crop(frame, [faceAt(1500, 800, 60)], [ALIGNED]));
  assert.equal((result as { decodedAgain: boolean }).decodedAgain, false);
  rig.service.close(frame);
});

test('an aligned crop without landmarks is the detector’s fault', async () => {
  const rig = new Rig();
  const { frame } = await rig.opened(small);
  const face = { ...faceAt(10, 10, 80), landmarks: null };
  await assert.rejects(rig.port.answer(rig.crop(frame, [face], [BOX, ALIGNED])), hasCode('invalid_argument'));
  await rig.port.answer(rig.crop(frame, [face], [BOX]));
});

test('a crowd is cut by the pool, to the same bytes', async () => {
  const faces = Array.from({ length: 9 }, (_, i) => faceAt(30 + i * 220, 40 + i * 120, 180));
  const sets: Uint8Array[][] = [];
  for (const poolFromFaces of [8, 1000]) {
    const rig = new Rig(256 * MB, poolFromFaces);
    const { frame } = await rig.opened(large);
    const { set } = (await rig.port.answer(rig.crop(frame, faces, [ALIGNED, BOX]))) as { set: number };
    sets.push([...(rig.service.frames.get(frame).cropSet(set)?.outputs ?? [])]);
    await rig.service.stop();
  }
  assert.ok(sets[0]?.[0]?.buffer instanceof SharedArrayBuffer);
  assert.equal(sets[1]?.[0]?.buffer instanceof SharedArrayBuffer, false);
  assert.deepEqual(sets[0], sets[1]);
  assert.ok(sets[0]?.[0]?.some((value) => value > 0));
});

test('inputs and crops lie in shared memory while there is room, and it is free when the picture is closed', async () => {
  const arena = new Arena(new ArrayBuffer(MB), 6);
  const rig = new Rig(256 * MB, 1000, arena);
  const plain = await new Rig().opened(small);
  const opened = await rig.opened(small);
  assert.equal(plain.shared, null);
  assert.ok(opened.shared);
  assert.equal(opened.shared.bytes, opened.inputWidth * opened.inputHeight * 3);
  const faces = [faceAt(20, 20, 60), faceAt(100, 40, 50)];
  const made = (await rig.port.answer(rig.crop(opened.frame, faces, [BOX, ALIGNED]))) as CropResult;
  assert.deepEqual(
    made.shared?.map((tensor) => tensor?.bytes),
    [2 * 64 * 64 * 3, 2 * 112 * 112 * 3],
  );
  const [box] = made.shared ?? [];
  assert.ok(box);
  assert.deepEqual(
    Buffer.from(viewOf(arena.memory, box)),
    Buffer.from(rig.service.frames.get(opened.frame).cropSet(made.set)?.outputs[0] ?? []),
  );
  const many = (await rig.port.answer(
    rig.crop(
      opened.frame,
      Array.from({ length: 60 }, () => faceAt(20, 20, 60)),
      [BOX],
    ),
  )) as CropResult;
  assert.deepEqual(many.shared, [null], 'no room: they are delivered');
  rig.service.close(opened.frame);
  assert.equal(arena.takenBytes, 0);
  assert.throws(() => viewOf(arena.memory, box), /generation/);
});

test('a picture that is closed while its crops are made gives its memory back when they are', async () => {
  const arena = new Arena(new ArrayBuffer(4 * MB), 6);
  const rig = new Rig(256 * MB, 1000, arena);
  const { frame } = await rig.opened(large);
  const call = rig.crop(frame, [faceAt(20, 20, 40)], [BOX]);
  rig.service.close(frame);
  assert.ok(arena.takenBytes > 0, 'it decodes the picture again, for a small face');
  await rig.port.answer(call);
  await rig.service.stop();
  assert.equal(arena.takenBytes, 0);
});

test('a picture that cannot be decoded leaves no shared memory taken', async () => {
  const arena = new Arena(new ArrayBuffer(MB), 6);
  const rig = new Rig(256 * MB, 1000, arena);
  await assert.rejects(rig.port.answer(rig.open(small.subarray(0, 500))), hasCode('image_undecodable'));
  const id = rig.open(small);
  rig.service.abandon(id);
  await rig.service.stop();
  assert.equal(arena.takenBytes, 0);
});
