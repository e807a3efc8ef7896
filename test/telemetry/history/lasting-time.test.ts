import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LASTING_MS, LastingTime } from '../../../src/telemetry/history/lasting-time.ts';
import { historyOf, SkewedClock, START } from './support.ts';

const DAY = 86_400_000;

describe('wall time that has lasted', () => {
  it('is known after some minutes, and again some minutes after every jump, forward or back', () => {
    for (const jump of [30 * DAY, -30 * DAY, 10_000, -10_000]) {
      const clock = new SkewedClock();
      const time = new LastingTime(clock);
      assert.equal(time.look(), null);
      clock.advance(LASTING_MS - 1);
      assert.equal(time.look(), null);
      clock.advance(1);
      assert.equal(time.look(), START + LASTING_MS);
      clock.skew = jump;
      assert.equal(time.look(), null, 'it jumped');
      clock.advance(LASTING_MS / 2);
      assert.equal(time.look(), null);
      clock.skew = 0;
      clock.advance(LASTING_MS / 2);
      assert.equal(time.look(), null, 'back is a jump too');
      clock.skew = jump;
      assert.equal(time.look(), null);
      clock.advance(LASTING_MS);
      assert.equal(time.look(), START + jump + clock.now(), 'what lasts is believed');
    }
  });

  it('follows a clock that is corrected little by little', () => {
    const clock = new SkewedClock();
    const time = new LastingTime(clock);
    for (let i = 0; i < 2000; i++) {
      clock.advance(1000);
      clock.skew += 10;
      const looked = time.look();
      if (clock.now() > LASTING_MS + 1000) assert.equal(looked, clock.date().getTime());
    }
  });
});

describe('the history, when the clock is wrong', () => {
  const settings = { enabled: true, memory_s: 60, retention_hours: 168, max_mb: 512 };

  /** The clock is wrong for so many seconds, and right again; answers how many of the first 700 seconds are left. */
  async function left(t: Parameters<typeof historyOf>[0], skew: number, seconds: number): Promise<number> {
    const clock = new SkewedClock();
    const bench = historyOf(t, { clock, settings });
    await bench.run(700, (i) => i % 100);
    clock.skew = skew;
    await bench.run(seconds, () => 1);
    clock.skew = 0;
    await bench.run(700, () => 2);
    const range = { from: START, to: START + 700_000, stepS: 1, devices: null, workers: false, events: false };
    const { devices } = await bench.history.query(range);
    return devices[0]?.columns.gpu_util.filter((value, i) => value === i % 100).length ?? 0;
  }

  it('keeps everything when it is a month ahead for a second', async (t) => {
    assert.equal(await left(t, 30 * DAY, 1), 700);
  });

  it('keeps everything when it is a month behind, however long', async (t) => {
    assert.equal(await left(t, -30 * DAY, 1), 700);
    assert.equal(await left(t, -30 * DAY, 700), 700);
  });

  it('deletes what is too old when the time has really passed', async (t) => {
    const clock = new SkewedClock();
    const bench = historyOf(t, { clock, settings: { ...settings, retention_hours: 1 } });
    await bench.run(700, () => 1);
    clock.advance(DAY);
    await bench.run(10, () => 2);
    const { oldest } = bench.history.state();
    assert.ok(Date.parse(oldest ?? '') >= START + DAY, `${oldest}`);
  });
});
