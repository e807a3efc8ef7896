/** Pictures on their way: how many at once, what ends it, what is tried again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnrolAnswer, RefusalReason } from '../../../src/contract/people.ts';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import { countStates, createQueue } from '../../../src/dashboard/public/people/enrol-queue.js';

type Item = ReturnType<ReturnType<typeof createQueue>['items']>[number];

function answer(created: boolean, warnings: RefusalReason[] = []): EnrolAnswer {
  return {
    ...{ request_id: '01', created, warnings, models: {}, timings_ms: {}, quality: null, ood: null, liveness: null },
    image: { width: 1, height: 1, format: 'png', orientation_applied: false },
    face: {
      ...{ face_id: '01', subject: 'Anna', space: 's', source: 'picture', digest: null, box: null, det_score: null },
      ...{ quality: null, ood: null, liveness: null, crop: false, original: false, created_at: '2026-11-21T00:00:00Z' },
    },
  };
}

const problem = (code: string, status = 422, retryAfterS?: number) =>
  new ApiError({ status, code, detail: 'because', retryAfterS });
const wishes = (...names: string[]) =>
  names.map((name) => ({ collection: 'staff', subject: 'Anna', file: new File(['x'], name) }));

/** A queue whose pictures are answered by hand, in the order in which they were sent. */
function scene() {
  const open: { item: Item; signal: AbortSignal; end: PromiseWithResolvers<EnrolAnswer> }[] = [];
  const waits: { ms: number; go: () => void }[] = [];
  const queue = createQueue({
    enrol(item, { signal }) {
      const end = Promise.withResolvers<EnrolAnswer>();
      signal.addEventListener('abort', () => end.reject(new DOMException('given up', 'AbortError')));
      open.push({ item, signal, end });
      return end.promise;
    },
    onChange() {},
    wait(ms, signal) {
      return new Promise((resolve) => {
        waits.push({ ms, go: resolve });
        signal.addEventListener('abort', () => resolve());
      });
    },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const states = () => queue.items().map(({ state }) => state);
  return { queue, open, waits, settle, states };
}

describe('the queue of pictures', () => {
  it('sends two at a time, in order, and keeps how each ended', async () => {
    const { queue, open, settle, states } = scene();
    queue.add(wishes('a', 'b', 'c', 'd'));
    assert.deepEqual(states(), ['sending', 'sending', 'waiting', 'waiting']);
    open[1]?.end.resolve(answer(false));
    await settle();
    assert.deepEqual(states(), ['sending', 'known', 'sending', 'waiting']);
    open[0]?.end.resolve(answer(true, [{ code: 'ood_rejected', detail: '' }]));
    open[2]?.end.reject(problem('no_face'));
    await settle();
    open[3]?.end.reject(problem('image_undecodable'));
    await settle();
    assert.deepEqual(states(), ['enrolled', 'known', 'refused', 'failed']);
    assert.deepEqual(
      open.map(({ item }) => item.file.name),
      ['a', 'b', 'c', 'd'],
    );
    assert.equal(queue.isBusy(), false);
    const counts = { waiting: 0, sending: 0, enrolled: 1, known: 1, refused: 1, failed: 1, warned: 1 };
    assert.deepEqual(countStates(queue.items()), counts);
  });

  it('is stopped at once and goes on with what was under way', async () => {
    const { queue, open, settle, states } = scene();
    queue.add(wishes('a', 'b', 'c'));
    queue.stop();
    await settle();
    assert.deepEqual(states(), ['waiting', 'waiting', 'waiting']);
    assert.deepEqual([queue.halted(), queue.isBusy()], [{ error: null }, false]);
    queue.goOn();
    assert.deepEqual(states(), ['sending', 'sending', 'waiting']);
    queue.stop();
    await settle();
    queue.dropWaiting();
    assert.equal(queue.items().length, 0);
    queue.add(wishes('d'));
    assert.equal(open.at(-1)?.item.file.name, 'd', 'who adds something wants it to go on');
  });

  it('tries again what a busy server put off, after the time that it names', async () => {
    const { queue, open, waits, settle, states } = scene();
    queue.add(wishes('a'));
    open[0]?.end.reject(problem('queue_full', 429, 3));
    await settle();
    assert.deepEqual([states(), waits[0]?.ms], [['sending'], 3000]);
    waits[0]?.go();
    await settle();
    open[1]?.end.reject(problem('model_loading', 503, 600));
    await settle();
    assert.equal(waits[1]?.ms, 30_000, 'not for ever');
    waits[1]?.go();
    await settle();
    open[2]?.end.resolve(answer(true));
    await settle();
    assert.deepEqual(states(), ['enrolled']);
  });

  it('stands still where it stays busy', async () => {
    const { queue, open, waits, settle, states } = scene();
    queue.add(wishes('a'));
    for (let i = 0; i < 8; i++) {
      open[i]?.end.reject(problem('rate_limited', 429));
      await settle();
      waits[i]?.go();
      await settle();
    }
    assert.deepEqual([open.length, states(), queue.isBusy()], [8, ['waiting'], false]);
    const error = queue.halted()?.error;
    assert.ok(error instanceof ApiError && error.code === 'rate_limited');
  });

  it('stands still, with all that is left, where no picture would fare better', async () => {
    for (const code of ['forbidden', 'unauthorized', 'unreachable', 'people_unavailable', 'storage_full']) {
      const { queue, open, settle, states } = scene();
      queue.add(wishes('a', 'b', 'c'));
      open[0]?.end.reject(problem(code, 503));
      await settle();
      assert.deepEqual(states(), ['waiting', 'waiting', 'waiting'], code);
      assert.equal(open[1]?.signal.aborted, true);
      const error = queue.halted()?.error;
      assert.ok(error instanceof ApiError && error.code === code);
    }
  });

  it('goes on after one picture that the server fails at', async () => {
    const { queue, open, settle, states } = scene();
    queue.add(wishes('a', 'b'));
    open[0]?.end.reject(problem('internal', 500));
    open[1]?.end.resolve(answer(true));
    await settle();
    assert.deepEqual(states(), ['failed', 'enrolled']);
    const [item] = queue.items();
    assert.ok(item);
    queue.again(item, { several_faces: 'largest' });
    assert.deepEqual([states()[0], open[2]?.item.options], ['sending', { several_faces: 'largest' }]);
    open[2]?.end.resolve(answer(true));
    await settle();
    assert.equal(queue.ended(), 3, 'one of them twice');
    queue.clear();
    assert.deepEqual([queue.items().length, queue.ended()], [0, 3]);
  });
});
