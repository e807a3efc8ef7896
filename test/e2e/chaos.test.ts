/** The short form of `npm run chaos`. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { chaos, LEAST_ANSWERED } from './support/chaos.ts';
import { skip } from './support/shared.ts';

test('seconds of chaos: nothing fails that policy did not refuse, no answer is wrong, nothing leaks', {
  skip,
}, async (t) => {
  const result = await chaos(8, 7, (line) => t.diagnostic(line));
  assert.deepEqual(result.failed, {});
  assert.equal(result.wrong, 0);
  assert.ok(result.answered > LEAST_ANSWERED, `${result.answered} answered`);
  assert.deepEqual({ ...result.leaked, files: 0 }, { processes: 0, files: 0, queued: 0, leases: 0 });
  // Sockets of clients that are kept alive, and the pipes of workers that were loaded since.
  assert.ok(result.leaked.files <= 30, `${result.leaked.files} descriptors more than before`);
});
