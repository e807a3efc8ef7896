import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeHeader, encodeHeader, HEADER_BYTES } from '../../src/frames/header.ts';
import type { FrameHeader } from '../../src/frames/header.ts';
import { FrameReader } from '../../src/frames/reader.ts';
import { seededBytes } from '../../src/util/seeded.ts';

type Got = { header: FrameHeader; payload: Uint8Array };

function frame(ticket: number, part: number, payload: Uint8Array): Buffer {
  return Buffer.concat([encodeHeader({ ticket, part, length: payload.length }), payload]);
}

const PAYLOADS = [0, 1, 23, 24, 25, 16_383, 16_384, 70_000, 200_000].map((n, i) => seededBytes(i + 1, n));
const STREAM = Buffer.concat(PAYLOADS.map((payload, i) => frame(2 ** 40 + i, i, payload)));

function check(got: readonly Got[]): void {
  assert.equal(got.length, PAYLOADS.length);
  for (const [i, { header, payload }] of got.entries()) {
    assert.deepEqual(header, { ticket: 2 ** 40 + i, part: i, length: PAYLOADS[i]?.length });
    assert.equal(Buffer.compare(payload, PAYLOADS[i] ?? new Uint8Array()), 0);
  }
}

test('a header survives the wire, a foreign one is refused', () => {
  const header = { ticket: Number.MAX_SAFE_INTEGER, part: 7, length: 1_228_800 };
  assert.deepEqual(decodeHeader(encodeHeader(header)), header);
  assert.throws(() => decodeHeader(Buffer.alloc(HEADER_BYTES)), /not a frame header/);
  const huge = encodeHeader(header);
  huge.writeUInt32LE(0xffff_ffff, 16);
  assert.throws(() => decodeHeader(huge), /not a frame header/);
});

for (const size of [1, 7, 24, 1000, 65_536, STREAM.length]) {
  test(`chunks of ${size} bytes give the same frames`, () => {
    const got: Got[] = [];
    const reader = new FrameReader((header, payload) => got.push({ header, payload }));
    for (let at = 0; at < STREAM.length; at += size) reader.push(STREAM.subarray(at, at + size));
    check(got);
  });
}

for (const most of [1, 1000, 50_000, 1_000_000]) {
  test(`reads of at most ${most} bytes into the buffers it hands out give the same frames`, () => {
    const got: Got[] = [];
    const reader = new FrameReader((header, payload) => got.push({ header, payload }));
    for (let at = 0; at < STREAM.length; ) {
      const buffer = reader.nextBuffer();
      const count = Math.min(most, buffer.length, STREAM.length - at);
      buffer.set(STREAM.subarray(at, at + count));
      reader.onRead(count, buffer);
      at += count;
    }
    check(got);
  });
}

test('a large payload is read straight into the buffer that the owner allocated', () => {
  const own = new Uint8Array(300_000);
  let payload: Uint8Array | null = null;
  const reader = new FrameReader(
    (_header, bytes) => {
      payload = bytes;
    },
    () => own,
  );
  reader.push(encodeHeader({ ticket: 1, part: 0, length: 200_000 }));
  assert.equal(reader.nextBuffer().buffer, own.buffer);
  reader.onRead(200_000, reader.nextBuffer());
  assert.equal((payload as Uint8Array | null)?.buffer, own.buffer);
  assert.equal((payload as Uint8Array | null)?.length, 200_000, 'a larger buffer is cut to the payload');
});

test('a buffer that is larger than its frame never takes the bytes of the next one', () => {
  const frames: [number, number][] = [];
  const reader = new FrameReader(
    (header, payload) => frames.push([header.ticket, payload.length]),
    (bytes) => new Uint8Array(bytes + 50_000),
  );
  const payload = Buffer.alloc(100_000, 1);
  const stream = Buffer.concat(
    [1, 2].flatMap((ticket) => [encodeHeader({ ticket, part: 0, length: 100_000 }), payload]),
  );
  for (let at = 0; at < stream.length; ) {
    const into = reader.nextBuffer();
    const count = stream.copy(into, 0, at, Math.min(stream.length, at + into.length));
    reader.onRead(count, into);
    at += count;
  }
  assert.deepEqual(frames, [
    [1, 100_000],
    [2, 100_000],
  ]);
});
