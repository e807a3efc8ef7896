import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RowTable } from '../../../src/gallery/search/row-table.ts';
import { ID_BYTES } from '../../../src/gallery/search/segment.ts';

const SHAPE = { dim: 2, parts: 1 };

function tableOf(...faceIds: readonly string[]): RowTable {
  const table = new RowTable(SHAPE);
  table.add(faceIds.map((faceId, i) => ({ faceId, subject: i + 1, vector: Float32Array.of(i + 1, 0) })));
  return table;
}

/** Row by row what a thread sees: `id/subject/first number`. */
function seen(table: RowTable, rows = table.rows): string[] {
  return Array.from({ length: rows }, (_, row) => {
    const segment = table.segments[0];
    const id = Buffer.from(segment?.ids.subarray(row * ID_BYTES, (row + 1) * ID_BYTES) ?? []).toString();
    return `${id.replaceAll('\0', '')}/${segment?.subjects[row]}/${segment?.vectors[row * (segment?.width ?? 0)]}`;
  });
}

describe('the row table', () => {
  it('fills a row that is removed with the last one, and overwrites that', () => {
    const table = tableOf('a', 'b', 'c');
    table.remove(['a', 'unknown']);
    assert.deepEqual(seen(table, 3), ['c/3/3', 'b/2/2', '/0/0']);
    assert.deepEqual([table.size, table.rows, table.face(0)], [2, 2, { faceId: 'c', subject: 3 }]);
    table.remove(['b', 'c']);
    assert.deepEqual([seen(table, 3), table.size, table.rows, table.bytes], [['/0/0', '/0/0', '/0/0'], 0, 0, 0]);
    assert.ok(table.segments[0]?.codes.every((code) => code === 0));
  });

  it('writes to no row that a pass sees while it runs', () => {
    const table = tableOf('a', 'b', 'c', 'd');
    table.pin();
    table.remove(['a', 'c']);
    table.relabel(2, 9);
    table.add([
      { faceId: 'd', subject: 5, vector: Float32Array.of(50, 0) },
      { faceId: 'e', subject: 2, vector: Float32Array.of(6, 0) },
    ]);
    table.remove(['e']);
    table.add([{ faceId: 'f', subject: 2, vector: Float32Array.of(7, 0) }]);
    assert.deepEqual(seen(table, 4), ['a/1/1', 'b/2/2', 'c/3/3', 'd/4/4']);
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => table.face(row)?.faceId),
      [undefined, 'b', undefined, undefined],
    );
    assert.deepEqual(table.face(1), { faceId: 'b', subject: 9 });
    table.unpin();
    assert.deepEqual(seen(table).sort(), ['b/9/2', 'd/5/50', 'f/2/7']);
    assert.deepEqual([table.size, table.rows], [3, 3]);
    assert.deepEqual(new Set([0, 1, 2].map((row) => table.face(row)?.faceId)), new Set(['b', 'd', 'f']));
  });

  it('grows segment by segment and gives empty ones back', () => {
    const table = new RowTable(SHAPE);
    const faces = Array.from({ length: 5000 }, (_, i) => ({
      faceId: `f${i}`,
      subject: i,
      vector: Float32Array.of(i, 0),
    }));
    table.add(faces);
    assert.equal(table.segments.length, 4);
    assert.equal(new Set(table.sent.map(({ key }) => key)).size, 4);
    const [first] = table.sent;
    table.remove(faces.slice(0, 4900).map(({ faceId }) => faceId));
    assert.deepEqual([table.size, table.segments.length, table.sent.length], [100, 2, 1]);
    assert.equal(table.sent[0]?.key, first?.key);
    assert.deepEqual(
      new Set(seen(table)),
      new Set(faces.slice(4900).map((f) => `${f.faceId}/${f.subject}/${f.subject}`)),
    );
  });

  it('knows what it wrote to, and the longest vector', () => {
    const table = tableOf('a', 'b');
    assert.equal(table.longest, 2);
    for (const range of table.written()) range.fill(0);
    assert.ok(new Uint8Array(table.segments[0]?.memory.buffer ?? new SharedArrayBuffer(1)).every((x) => x === 0));
  });
});
