import assert from 'node:assert/strict';
import { it } from 'node:test';
import { csvTime, toCsv } from '../../../src/dashboard/public/lib/csv.js';

it('quotes what would be read as something else, and leaves unknown cells empty', () => {
  const rows = [
    [1, 'plain', null],
    ['a,b', 'say "no"', 'two\nlines'],
  ];
  assert.equal(toCsv(['x', 'y', 'z'], rows), 'x,y,z\n1,plain,\n"a,b","say ""no""","two\nlines"\n');
});

it('writes times as the monitoring document does: UTC, microseconds', () => {
  assert.equal(csvTime(Date.UTC(2025, 3, 5, 10, 23, 45, 123) / 1000 + 0.000456), '2025-04-05T10:23:45.123456');
  assert.equal(csvTime(Date.UTC(2025, 3, 5, 10, 23, 45) / 1000), '2025-04-05T10:23:45.000000');
});
