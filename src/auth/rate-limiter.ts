/** Token buckets: `burst` requests at once, then `perMinute` a minute, evenly. */
import type { Clock } from '../util/clock.ts';

const MINUTE_MS = 60_000;
/** A bucket that is forgotten comes back full; so many at once are addresses, not keys. */
const MAX_BUCKETS = 10_000;

export type Rate = {
  /** 0 = no limit. */
  readonly perMinute: number;
  /** Requests at once; 0 = as many as in one minute. */
  readonly burst: number;
};

export type Taken = {
  readonly allowed: boolean;
  /** Requests that would be allowed at once now. */
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly fullInS: number;
  /** Seconds until one more is allowed; 0 where one is. */
  readonly retryAfterS: number;
};

type Bucket = { tokens: number; at: number };

export class RateLimiter {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #max: number;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'now'>, maxBuckets: number = MAX_BUCKETS) {
    this.#clock = clock;
    this.#max = maxBuckets;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one request from the bucket of `id`; null where there is no limit. What is refused costs nothing. */
  take(id: string, rate: Rate): Taken | null {
    if (rate.perMinute === 0) return null;
    const capacity = rate.burst === 0 ? rate.perMinute : rate.burst;
    const perMs = rate.perMinute / MINUTE_MS;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(id) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + (now - bucket.at) * perMs);
    bucket.at = now;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#keep(id, bucket);
    return {
      allowed,
      remaining: Math.floor(bucket.tokens),
      fullInS: (capacity - bucket.tokens) / perMs / 1000,
      retryAfterS: Math.max(0, 1 - bucket.tokens) / perMs / 1000,
    };
  }

  #keep(id: string, bucket: Bucket): void {
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    if (this.#buckets.size <= this.#max) return;
    const oldest = this.#buckets.keys().next();
    if (oldest.done !== true) this.#buckets.delete(oldest.value);
  }
}
