import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ThrottleReason } from '../../../src/contract/monitor.ts';
import { throttling } from '../../../src/telemetry/insight/throttling.ts';
import { windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, type Figures, history } from './support.ts';

/** Slow for twenty seconds. */
const slow = (place: number): number => (place >= 100 && place < 120 ? 1200 : 1800);

function found(columns: Record<string, Figures>, now: readonly ThrottleReason[] | null = null) {
  const gpu = { gpu_util: 90, sm_clock: slow, ...columns };
  const throttle = { 'GPU-1': now };
  return throttling(windowOf(history({ gpus: { 'GPU-1': gpu } }), { ...CONTEXT, throttle }));
}

it('hot and slow while busy', () => {
  const [one, ...more] = found({ temperature: (place) => (slow(place) < 1800 ? 86 : 70) });
  assert.deepEqual([one?.code, one?.severity, more], ['thermal_throttling', 'warning', []]);
  assert.match(
    one?.text ?? '',
    /because it is hot\. Its clock went down to 1200 of 1800 MHz for 20s, at up to 86 °C\. Check the cooling/,
  );
  assert.deepEqual(one?.numbers, { seconds: 20, clock_best: 1800, temperature_max: 86 });
});

it('one hot second of a long step is not a hot step', () => {
  const gpu = { gpu_util: 90, sm_clock: slow, temperature: 70, temperature_max: 86 };
  assert.deepEqual(throttling(windowOf(history({ step: 1020, gpus: { 'GPU-1': gpu } }), CONTEXT)), []);
});

it('at the limit of its power', () => {
  const [one, ...more] = found({ temperature: 70, power_draw: 71.5, power_limit: 72 });
  assert.deepEqual([one?.code, more], ['power_throttling', []]);
  assert.match(one?.text ?? '', /Its clock went down to 1200 of 1800 MHz for 20s\. A higher power limit/);
});

it('the driver says it now', () => {
  const codes = (...now: ThrottleReason[]) => found({ sm_clock: null }, now).map(({ code }) => code);
  assert.deepEqual(codes('hw_thermal'), ['thermal_throttling']);
  assert.deepEqual(codes('sw_power_cap', 'sync_boost'), ['power_throttling']);
  assert.match(found({ sm_clock: null }, ['sw_thermal'])[0]?.text ?? '', /it is hot\. The driver tells it now\. Check/);
});

it('an idle card that saves power, a cool one, and a few seconds are no finding', () => {
  assert.deepEqual(found({ gpu_util: 5, temperature: 86 }), []);
  assert.deepEqual(found({ temperature: 70, power_draw: 60, power_limit: 72 }), []);
  assert.deepEqual(found({ temperature: 86, sm_clock: (place) => (place < 9 ? 1200 : 1800) }), []);
  assert.deepEqual(found({ temperature: 86, sm_clock: 1800, power_draw: 72, power_limit: 72 }), []);
  assert.deepEqual(found({ power_draw: 72 }), []);
});
