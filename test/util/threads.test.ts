import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Piscina } from 'piscina';
import { startThreads, threadsOnDemand } from '../../src/util/threads.ts';

async function threadsOf(t: TestContext, count: number): Promise<Piscina> {
  const pool = await startThreads(new URL('./threads.thread.ts', import.meta.url), count);
  t.after(() => pool.destroy());
  return pool;
}

describe('a pool of threads', () => {
  it('outlives an idle thread that dies, and replaces it', async (t) => {
    const pool = await threadsOf(t, 1);
    const [thread] = pool.threads;
    assert.ok(thread);
    const died = new Promise((resolve) => thread.once('exit', resolve));
    assert.equal(await pool.run('soon', { name: 'answerThenDie' }), 'soon');
    await died;
    assert.equal(await pool.run('again', { name: 'answer' }), 'again');
  });

  it('rejects a call whose thread dies, and takes the next', async (t) => {
    const pool = await threadsOf(t, 1);
    await assert.rejects(pool.run(null, { name: 'exit' }));
    assert.equal(await pool.run('next', { name: 'answer' }), 'next');
  });

  it('is destroyed while an answer is on its way', async (t) => {
    const pool = await threadsOf(t, 1);
    await pool.run(null, { name: 'answer' });
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const call = pool.run(flag, { name: 'answerAndSay' });
    const rejected = assert.rejects(call, /Terminating/);
    // The port has the answer, which is read in a later turn of this event loop.
    Atomics.wait(flag, 0, 0);
    await Promise.all([pool.destroy(), rejected]);
  });
});

describe('threads on demand', () => {
  it('are started by the first call, once', async (t) => {
    let starts = 0;
    const threads = threadsOnDemand(() => {
      starts += 1;
      return threadsOf(t, 1);
    });
    assert.equal(starts, 0);
    assert.equal(await threads.get(), await threads.get());
    assert.equal(starts, 1);
    await threads.destroy();
  });

  it('that cannot be started are started by the next call, and have no end to wait for', async (t) => {
    let isFull = true;
    const threads = threadsOnDemand(async () => {
      if (isFull) throw new Error('EAGAIN');
      return threadsOf(t, 1);
    });
    const first = threads.get();
    await threads.destroy();
    await assert.rejects(first, /EAGAIN/);
    await assert.rejects(threads.get(), /EAGAIN/);
    isFull = false;
    assert.equal(await (await threads.get()).run('there', { name: 'answer' }), 'there');
    await threads.destroy();
  });
});
