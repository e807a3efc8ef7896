/** kill -9 loses nobody who was acknowledged. `npm run people-storm` is the long form. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peopleStorm } from './support/people-storm.ts';

const SHORT = { enrolments: 300, mostKills: 4, seed: 1, lifeMs: 150 };

describe('a process that enrols and is killed at random', () => {
  for (const encrypted of [false, true]) {
    it(`loses nothing that it acknowledged${encrypted ? ', encrypted' : ''}`, async (t) => {
      const result = await peopleStorm({ ...SHORT, encrypted }, (line) => t.diagnostic(line));
      assert.deepEqual(result.faults, []);
      assert.ok(result.kills > 0 && result.counts.enrol > 0);
      const { enrol, ...others } = result.counts;
      t.diagnostic(
        `${result.kills} kills, ${enrol} enrolments, ${JSON.stringify(others)}, ${result.seconds.toFixed(1)} s`,
      );
    });
  }
});
