/** Who gets which version: by a stable hash of the client's key, so that a client stays where it is, also across restarts. */
import { createHash } from 'node:crypto';

/** Steps of 0.1 %. */
const BUCKETS = 1000;

/**
 * 0..999, evenly spread. The model is part of it: a client that is in one canary is not for that in all of them.
 * A share that grows keeps the clients it has.
 */
export function bucketOf(model: string, clientKey: string): number {
  const digest = createHash('sha256').update(model).update('\0').update(clientKey).digest();
  // 48 bits: modulo 1000 they are even to one part in 10¹¹.
  return digest.readUIntBE(0, 6) % BUCKETS;
}

/** @param percent 0..100 */
export function isChosen(model: string, clientKey: string, percent: number): boolean {
  return bucketOf(model, clientKey) < Math.round(percent * 10);
}
