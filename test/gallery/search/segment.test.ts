import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  allocateSegment,
  capacityOf,
  firstRowOf,
  ID_BYTES,
  openSegment,
  rowBytes,
  segmentOf,
  widthOf,
  writtenTo,
} from '../../../src/gallery/search/segment.ts';

const SHAPE = { dim: 20, parts: 3 };

describe('segments', () => {
  it('follow each other without a gap, each as large as all before it up to 65,536 rows', () => {
    for (let segment = 0; segment < 40; segment++) {
      const first = firstRowOf(segment);
      const next = first + capacityOf(segment);
      assert.equal(firstRowOf(segment + 1), next);
      assert.deepEqual([first, next - 1, next].map(segmentOf), [segment, segment, segment + 1]);
      assert.ok(segment === 0 || capacityOf(segment) === Math.min(first, 65_536));
    }
    assert.equal(capacityOf(0), 1024);
  });

  it('hold their rows side by side, and nothing lies on anything else', () => {
    const segment = openSegment(SHAPE, 0, allocateSegment(SHAPE, 0), 2);
    const columns = [segment.codes, segment.scales, segment.radii, segment.subjects, segment.ids, segment.vectors];
    const ranges = [segment.scratch, ...columns].map(({ byteOffset, byteLength }) => [
      byteOffset,
      byteOffset + byteLength,
    ]);
    ranges.reduce(([, end = 0], next) => {
      assert.ok((next[0] ?? 0) >= end);
      return next;
    });
    assert.ok((ranges.at(-1)?.[1] ?? 0) <= segment.memory.buffer.byteLength);
    const bytes = columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.equal(bytes, rowBytes(SHAPE) * segment.capacity);
    assert.deepEqual([widthOf(SHAPE), segment.ids.length], [32, 1024 * ID_BYTES]);
  });

  it('give every part a place of its own', () => {
    const memory = allocateSegment(SHAPE, 0);
    const parts = [0, 1, 2].map((part) => openSegment(SHAPE, 0, memory, part));
    parts.forEach((part, i) => {
      part.query.fill(i + 1);
      part.bounds.fill(i + 1);
    });
    parts.forEach((part, i) => {
      assert.ok(part.query.every((x) => x === i + 1) && part.bounds.every((x) => x === i + 1));
    });
    assert.ok(parts[0]?.codes.every((x) => x === 0));
    for (const range of parts.flatMap((part) => writtenTo(part, 0))) range.fill(0);
    assert.ok(new Uint8Array(memory.buffer).every((x) => x === 0));
  });

  it('filter the rows that they are asked for', () => {
    const segment = openSegment(SHAPE, 1, allocateSegment(SHAPE, 1), 1);
    segment.query[0] = 100;
    segment.codes[segment.width * 601] = 5;
    segment.scales[601] = 0.5;
    segment.radii[601] = 0.25;
    assert.equal(segment.filter(512, 512, 0.1, 4, 20), 1);
    assert.deepEqual([...segment.bounds.subarray(0, 4)], [0, 26, 0, 0]);
    assert.equal(segment.rowNumbers[4], 600 - 512);
    assert.equal(segment.filter(0, 512, 0.1, 4, 20), 0);
  });
});
