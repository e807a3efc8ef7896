import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, markdown, ranged } from '../../../bench/lib/table.ts';

test('a table is valid Markdown with right-aligned figures', () => {
  assert.equal(
    markdown({ head: ['name', 'p50'], rows: [['naive', '12.3']] }),
    '| name  |  p50 |\n| ----- | ---: |\n| naive | 12.3 |',
  );
});

test('figures keep about three digits; what is missing is a dash', () => {
  assert.deepEqual([0.1234, 1.234, 12.34, 123.4, Number.NaN].map(figure), ['0.123', '1.23', '12.3', '123', '–']);
  assert.equal(ranged({ mid: 1.7, min: 1.6, max: 1.8 }), '1.70 (1.60–1.80)');
  assert.equal(ranged({ mid: Number.NaN, min: 0, max: 0 }), '–');
});
