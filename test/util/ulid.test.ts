import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ulid } from '../../src/util/ulid.ts';

describe('ulid', () => {
  it('encodes the time as the specification does', () => {
    // Example of the ULID specification: 1469918176385 ms → 01ARYZ6S41.
    assert.equal(ulid(1469918176385, new Uint8Array(10)), '01ARYZ6S410000000000000000');
  });

  it('encodes all random bits', () => {
    assert.equal(ulid(0, new Uint8Array(10).fill(255)), `0000000000${'Z'.repeat(16)}`);
    assert.equal(ulid(0, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 31)), '0000000000000000010000000Z');
  });

  it('is unique and sorts by time', () => {
    const many = new Set(Array.from({ length: 1000 }, () => ulid()));
    assert.equal(many.size, 1000);
    assert.ok(ulid(1_000) < ulid(2_000));
  });
});
