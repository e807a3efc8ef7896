import assert from 'node:assert/strict';
import { it } from 'node:test';
import { oversizedGpu } from '../../../src/telemetry/insight/sizing.ts';
import { windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, type Figures, GiB, history } from './support.ts';

/** Two hours in steps of ten seconds. */
function found(util: Figures, used: Figures, totalGiB: number, length = 720, utilMax?: Figures) {
  const columns = {
    gpu_util: util,
    gpu_util_max: utilMax ?? null,
    memory_used_max: used,
    memory_total: totalGiB * GiB,
  };
  return oversizedGpu(windowOf(history({ length, step: 10, gpus: { 'GPU-1': columns } }), CONTEXT));
}

it('a card that has little to do for hours: the next size that holds the memory', () => {
  const [one, ...more] = found(8, (place) => (place === 300 ? 3.1 * GiB : 2 * GiB), 24);
  assert.deepEqual([one?.code, one?.severity, more], ['oversized_gpu', 'info', []]);
  assert.equal(one?.numbers['card_gb'], 4);
  assert.match(
    one?.text ?? '',
    /used to 8 % on average in 2h 0m, to 8 % when it was busiest: a smaller card would do\./,
  );
  assert.match(
    one?.text ?? '',
    /It needs 3\.7 GiB of memory \(at most 3\.1 GiB of 24\.0 GiB was used, and a fifth more\): a card with 4 GB\.$/,
  );
});

it('needs room: what would be too tight is the next size', () => {
  const sizes = [3.2, 5, 9, 12, 18, 30, 37, 60].map((gib) => found(5, gib * GiB, 80)[0]?.numbers['card_gb']);
  assert.deepEqual(sizes, [6, 8, 12, 16, 24, 40, 48, undefined]);
});

it('a card whose memory is needed is not too large, only idle', () => {
  const [one] = found(8, 7 * GiB, 8);
  assert.equal(one?.code, 'underused_gpu');
  assert.match(one?.text ?? '', /so it cannot be a card with less; other programs could use its time\.$/);
});

it('bursts are told', () => {
  const [one] = found(15, GiB, 16, 720, (place) => (place % 20 === 0 ? 100 : 10));
  assert.equal(one?.numbers['gpu_util_busiest'], 100);
  assert.match(one?.text ?? '', /Answers would take longer at the busiest times\.$/);
});

it('without figures of the memory it names no size', () => {
  const [one] = found(5, null, 24);
  assert.match(one?.text ?? '', /a slower card would do\. How much memory it needs is not known\.$/);
});

it('ten seconds in each of eleven steps of 17 minutes are not three hours', () => {
  const known = (places: number) => (place: number) => (place < places ? 5 : null);
  const codes = (places: number) => {
    const columns = { gpu_util: known(places), memory_used_max: GiB, memory_total: 48 * GiB };
    const plan = { length: 600, step: 1020, gpus: { 'GPU-1': columns } };
    return oversizedGpu(windowOf(history(plan), CONTEXT)).map(({ code }) => code);
  };
  assert.deepEqual([codes(11), codes(59), codes(60)], [[], [], ['oversized_gpu']]);
});

it('20 % is not too little, and less than an hour not long', () => {
  assert.deepEqual(found(20, GiB, 24), []);
  assert.deepEqual(found(5, GiB, 24, 359), []);
  assert.deepEqual(found(null, GiB, 24), []);
  assert.equal(found(19, GiB, 24, 360).length, 1);
});
