import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { decodeChunk, encodeChunk, mergeChunks } from '../../../src/telemetry/history/chunk.ts';
import type { Chunk } from '../../../src/telemetry/history/chunk.ts';
import { generator } from '../../fixtures/random.ts';
import { START } from './support.ts';

const chunk = (times: readonly number[], ...columns: number[][]): Chunk => ({
  times: Float64Array.from(times, (time) => START + time),
  columns: columns.map((column) => Float64Array.from(column)),
});

describe('chunks', () => {
  it('come back as they were: fractions, bytes, holes, unknown columns', () => {
    const given = chunk(
      [3, 1004, 2001, 90_000],
      [12.34, 0, 100, 0.01],
      [85_899_345_921, 0, 9_007_199_254_740_991, 1],
      [Number.NaN, 5, Number.NaN, 6],
      [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
    );
    const scales = [100, 1, 1, 100];
    assert.deepEqual(decodeChunk(encodeChunk(given, scales), scales), given);
    const none = chunk([], []);
    assert.deepEqual(decodeChunk(encodeChunk(none, [1]), [1]), none);
  });

  it('come back exactly for whatever was measured', () => {
    const random = generator(7);
    const times = Array.from({ length: 300 }, (_, i) => i * 1000 + Math.floor(random() * 40));
    const percent = times.map(() => (random() < 0.1 ? Number.NaN : Math.round(random() * 10_000) / 100));
    const bytes = times.map(() => Math.round(random() * 8e10));
    const given = chunk(times, percent, bytes);
    assert.deepEqual(decodeChunk(encodeChunk(given, [100, 1]), [100, 1]), given);
  });

  it('are small where little changes', () => {
    const times = Array.from({ length: 300 }, (_, i) => i * 1000);
    const columns = Array.from({ length: 12 }, (_, k) =>
      times.map((_time, i) => (k < 2 ? (i * 7) % 50 : 8_589_934_592)),
    );
    const bytes = encodeChunk(
      chunk(times, ...columns),
      columns.map(() => 100),
    ).byteLength;
    assert.ok(bytes / times.length < 9, `${bytes / times.length} bytes a sample`);
  });

  it('are null where they are damaged, and never throw', () => {
    const good = encodeChunk(chunk([1, 2], [3, 4]), [1]);
    assert.equal(decodeChunk(good.subarray(0, 4), [1]), null);
    assert.equal(decodeChunk(Uint8Array.of(1, 2, 3), [1]), null);
    assert.equal(decodeChunk(new Uint8Array(0), [1]), null);
    const nonsense = ['3', 'null', '{"t":"x"}', '{"t":[1],"c":3}', '{"t":[1],"c":[["x"]]}', '{"t":[1],"c":[[1,2]]}'];
    for (const text of nonsense) assert.equal(decodeChunk(deflateRawSync(text), [1]), null, text);
    assert.equal(decodeChunk(good, [1, 1]), null, 'of another layout');
  });

  it('merge in the order of time, the newer one counts', () => {
    const merged = mergeChunks(chunk([1000, 3000], [1, 3], [10, 30]), chunk([2000, 3000], [2, 4], [20, Number.NaN]));
    assert.deepEqual(merged, chunk([1000, 2000, 3000], [1, 2, 4], [10, 20, Number.NaN]));
  });
});
