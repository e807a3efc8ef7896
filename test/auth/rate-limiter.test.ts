import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RateLimiter } from '../../src/auth/rate-limiter.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

function allowedOf(
  limiter: RateLimiter,
  id: string,
  rate: { perMinute: number; burst: number },
  tries: number,
): number {
  let allowed = 0;
  for (let i = 0; i < tries; i += 1) if (limiter.take(id, rate)?.allowed === true) allowed += 1;
  return allowed;
}

it('allows the burst at once, then the rate, evenly', () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(clock);
  const rate = { perMinute: 60, burst: 5 };
  assert.equal(allowedOf(limiter, 'a', rate, 20), 5);
  clock.advance(999);
  assert.equal(allowedOf(limiter, 'a', rate, 5), 0);
  clock.advance(1);
  assert.equal(allowedOf(limiter, 'a', rate, 5), 1);
  clock.advance(3_000);
  assert.equal(allowedOf(limiter, 'a', rate, 5), 3);
  clock.advance(3_600_000);
  assert.equal(allowedOf(limiter, 'a', rate, 20), 5);
});

it('over a long time lets through the burst and the rate, not one more', () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(clock);
  let allowed = 0;
  for (let ms = 0; ms < 600_000; ms += 100) {
    clock.advance(100);
    allowed += allowedOf(limiter, 'a', { perMinute: 30, burst: 10 }, 1);
  }
  assert.ok(allowed >= 309 && allowed <= 310, `${allowed}`);
});

it('says what is left, when one more is allowed and when all is', () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(clock);
  const rate = { perMinute: 6, burst: 2 };
  assert.deepEqual(limiter.take('a', rate), { allowed: true, remaining: 1, fullInS: 10, retryAfterS: 0 });
  assert.deepEqual(limiter.take('a', rate), { allowed: true, remaining: 0, fullInS: 20, retryAfterS: 10 });
  clock.advance(4_000);
  const refused = limiter.take('a', rate);
  assert.equal(refused?.allowed, false);
  assert.ok(Math.abs(refused.retryAfterS - 6) < 1e-6);
  clock.advance(6_000);
  assert.equal(limiter.take('a', rate)?.allowed, true);
});

it('without a burst a minute’s worth may come at once; 0 is no limit', () => {
  const limiter = new RateLimiter(new ManualClock());
  assert.equal(allowedOf(limiter, 'a', { perMinute: 30, burst: 0 }, 100), 30);
  assert.equal(limiter.take('b', { perMinute: 0, burst: 0 }), null);
  assert.equal(limiter.size, 1);
});

it('one does not use up another’s', () => {
  const limiter = new RateLimiter(new ManualClock());
  const rate = { perMinute: 2, burst: 0 };
  assert.equal(allowedOf(limiter, 'a', rate, 9), 2);
  assert.equal(allowedOf(limiter, 'b', rate, 9), 2);
});

it('remembers only so many, the latest', () => {
  const limiter = new RateLimiter(new ManualClock(), 100);
  const rate = { perMinute: 1, burst: 0 };
  for (let i = 0; i < 10_000; i += 1) {
    limiter.take(`address ${i}`, rate);
    limiter.take('busy', rate);
  }
  assert.equal(limiter.size, 100);
  assert.equal(limiter.take('busy', rate)?.allowed, false);
  assert.equal(limiter.take('address 9999', rate)?.allowed, false);
});
