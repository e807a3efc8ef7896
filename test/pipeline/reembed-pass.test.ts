import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, FacepoolError } from '../../src/contract/errors.ts';
import { type PassDeps, reembedPass } from '../../src/pipeline/reembed-pass.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { cropOf, settle } from './reembed-support.ts';

const TO = { space: 'b', dim: 2 };
const MANY = 40;

type Face = { readonly faceId: string; readonly seed: number | null };

/** Faces by number; those in `without` have no crop. `embed` gets the number of the face. */
function pass(
  count: number,
  embed: (seed: number) => Promise<Float32Array>,
  more: Partial<PassDeps> = {},
  without: readonly number[] = [],
) {
  const faces: Face[] = Array.from({ length: count }, (_, i) => ({
    faceId: `f${String(i).padStart(3, '0')}`,
    seed: without.includes(i) ? null : i,
  }));
  const clock = new ManualClock();
  const abort = new AbortController();
  const written: string[][] = [];
  const asked: (string | null)[] = [];
  const done: number[] = [];
  const deps: PassDeps = {
    port: {
      facesWithout: async (_from, _to, after, limit) => {
        asked.push(after);
        return faces
          .filter(({ faceId }) => (after === null || faceId > after) && !written.flat().includes(faceId))
          .slice(0, limit)
          .map(({ faceId, seed }) => ({ faceId, collection: 1, crop: seed === null ? null : cropOf(seed) }));
      },
      addVectors: async (_, vectors) => void written.push(vectors.map(({ faceId }) => faceId)),
    },
    clock,
    isBusy: () => false,
    embed: (crop) => embed(crop.jpeg[0] ?? 0),
    ...more,
  };
  const run = () => reembedPass(deps, 'a', TO, abort.signal, (n) => done.push(n));
  return { clock, abort, written, asked, done, run, faces };
}

const vector = async () => Float32Array.of(1, 0);
const failing = (code: ErrorCode) => () => Promise.reject(new FacepoolError(code, 'no'));

describe('a walk over faces', () => {
  it('is in pages, each written when it is whole', async () => {
    const p = pass(MANY, vector);
    assert.deepEqual(await p.run(), []);
    assert.deepEqual(
      p.written.map(({ length }) => length),
      [16, 16, 8],
    );
    assert.deepEqual(p.done, [16, 16, 8]);
    assert.deepEqual(p.asked, [null, 'f015', 'f031']);
  });

  it('of nobody writes nothing', async () => {
    const p = pass(0, vector);
    assert.deepEqual([await p.run(), p.written, p.done], [[], [], [0]]);
  });

  it('tells whose crops are not kept, or broken, and goes on', async () => {
    for (const code of [
      'image_undecodable',
      'unsupported_media',
      'too_many_pixels',
      'poison_input',
      'invalid_argument',
    ] as const) {
      const p = pass(20, (seed) => (seed === 3 ? failing(code)() : vector()), {}, [5, 18]);
      assert.deepEqual(await p.run(), ['f003', 'f005', 'f018'], code);
      assert.deepEqual(p.done, [14, 3]);
    }
  });

  it('an embedding that is none counts as a broken crop', async () => {
    const none = [Float32Array.of(0, 0), Float32Array.of(Number.NaN, 1), Float32Array.of(3, 4)];
    const p = pass(4, async (seed) => none[seed] ?? vector());
    assert.deepEqual(await p.run(), ['f000', 'f001', 'f002']);
    assert.deepEqual(p.written, [['f003']]);
  });

  it('tries again what may pass, later and later; what lasts is told', async () => {
    for (const code of ['model_failed', 'queue_full', 'memory_exhausted', 'model_loading'] as const) {
      let failures = 4;
      const p = pass(1, async () => (failures-- > 0 ? failing(code)() : vector()));
      const running = p.run();
      const waits: number[] = [];
      for (; failures >= 0; p.clock.advance(500)) {
        await settle();
        if (failures >= 0) waits.push(p.clock.now());
      }
      assert.deepEqual([await running, p.done], [[], [1]]);
      assert.ok(waits.length >= 28 && waits.length <= 32, `15 s of waiting: ${waits.length} halves`);
    }
    let tries = 0;
    const lasting = pass(20, (seed) => {
      if (seed < 4) return vector();
      tries += 1;
      return failing('model_failed')();
    });
    const running = lasting.run().catch((error: unknown) => error);
    for (let i = 0; i < 100; i++) {
      await settle();
      lasting.clock.advance(1000);
    }
    const error = await running;
    assert.ok(error instanceof FacepoolError && error.code === 'model_failed');
    assert.equal(tries, 8);
    assert.deepEqual(lasting.written, [['f000', 'f001', 'f002', 'f003']], 'what was made before is kept');
    assert.equal(lasting.clock.pending, 0);
  });

  it('gives way to who waits, and not for ever', async () => {
    let busy = 3;
    const p = pass(1, vector, { isBusy: () => busy-- > 0 });
    const running = p.run();
    for (let i = 0; i < 3; i++) {
      await settle();
      assert.deepEqual(p.done, []);
      p.clock.advance(25);
    }
    await running;
    assert.deepEqual(p.done, [1]);

    const always = pass(2, vector, { isBusy: () => true });
    const slow = always.run();
    for (let i = 0; i < 50; i++) {
      await settle();
      always.clock.advance(25);
    }
    await slow;
    assert.deepEqual(always.done, [2]);
    assert.ok(always.clock.now() >= 2 * 500, 'half a second for each');
  });

  it('ends with the signal: at once, between two crops, and while it waits', async () => {
    const stop = new FacepoolError('conflict', 'cancelled');
    const before = pass(1, vector);
    before.abort.abort(stop);
    await assert.rejects(before.run(), stop);
    assert.deepEqual(before.asked, []);

    const between = pass(9, async (seed) => {
      if (seed === 2) between.abort.abort(stop);
      return vector();
    });
    await assert.rejects(between.run(), stop);
    assert.deepEqual(between.written, [['f000', 'f001', 'f002']]);

    for (const waiting of [pass(1, failing('model_failed')), pass(1, vector, { isBusy: () => true })]) {
      const running = waiting.run();
      await settle();
      waiting.abort.abort(stop);
      await assert.rejects(running, stop);
      assert.equal(waiting.clock.pending, 0, 'no timer is left');
    }
  });
});
