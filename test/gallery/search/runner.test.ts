/** With real threads: what renewal does to passes that run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RowTable } from '../../../src/gallery/search/row-table.ts';
import { threadRunner } from '../../../src/gallery/search/runner.ts';
import type { PartTask } from '../../../src/gallery/search/thread.ts';
import { startThreads } from '../../../src/util/threads.ts';
import { generator } from '../../fixtures/random.ts';
import { unitVector } from './support.ts';

const DIM = 8;
const ROWS = 64;

/** Parts of a pass over a small table, each of which could do it alone. */
function tasks(parts: number): PartTask[] {
  const random = generator(1);
  const shape = { dim: DIM, parts };
  const table = new RowTable(shape);
  table.add(
    Array.from({ length: ROWS }, (_, i) => ({ faceId: `f${i}`, subject: i + 1, vector: unitVector(DIM, random) })),
  );
  const pass = {
    queries: [{ vector: unitVector(DIM, random), k: 1 }],
    rows: table.rows,
    longest: table.longest,
    chunkRows: 1,
    next: new SharedArrayBuffer(4),
  };
  return Array.from({ length: parts }, (_, part) => ({ pass, shape, part, segments: table.sent }));
}

async function chunksOf(runner: ReturnType<typeof threadRunner>, threads: number): Promise<number> {
  const hits = await Promise.all(tasks(threads).map((task) => runner.run(task)));
  return hits.reduce((sum, { chunks }) => sum + chunks, 0);
}

describe('the threads of the search', () => {
  it('finish what they run when they are renewed, also when the call has only just come', async (t) => {
    const runner = threadRunner(2);
    t.after(() => runner.close());
    for (let i = 0; i < 5; i++) {
      const before = chunksOf(runner, 2);
      runner.renew();
      const after = chunksOf(runner, 2);
      assert.deepEqual(await Promise.all([before, after]), [ROWS, ROWS]);
    }
  });

  it('are asked for again where they could not be started, and their end is nothing to wait for', async (t) => {
    let isFull = true;
    const runner = threadRunner(1, async (...args) => {
      if (isFull) throw new Error('EAGAIN');
      return startThreads(...args);
    });
    t.after(() => runner.close());
    await assert.rejects(chunksOf(runner, 1), /EAGAIN/);
    // With nothing running: nobody hears of it when their end fails.
    runner.renew();
    await assert.rejects(chunksOf(runner, 1), /EAGAIN/);
    isFull = false;
    assert.equal(await chunksOf(runner, 1), ROWS);
  });

  it('reject what they run when they are closed', async () => {
    const runner = threadRunner(1);
    await chunksOf(runner, 1);
    const call = assert.rejects(chunksOf(runner, 1), /Terminating/);
    await runner.close();
    await call;
  });
});
