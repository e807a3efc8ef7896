import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUITES, parseOptions } from '../../../bench/lib/options.ts';

test('without arguments all suites run in full', () => {
  assert.deepEqual(parseOptions([]), {
    suites: SUITES,
    quick: false,
    write: false,
    upload: 'raw',
    rounds: undefined,
  });
});

test('suites and flags are read in any order', () => {
  assert.deepEqual(parseOptions(['--quick', 'http', '--rounds', '3', 'cold', '--upload', 'multipart']), {
    suites: ['http', 'cold'],
    quick: true,
    write: false,
    upload: 'multipart',
    rounds: 3,
  });
});

test('what it does not know is refused with the usage', () => {
  for (const argv of [['htpp'], ['--rounds', '0'], ['--rounds'], ['--upload', 'ftp']]) {
    assert.throws(() => parseOptions(argv), /usage: npm run bench/);
  }
});
