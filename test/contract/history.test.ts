/** The tables that other code relies on. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  DEVICE_COLUMNS,
  EVENT_TYPES,
  findingSchema,
  historyAnswerSchema,
  storedEventSchema,
  WORKER_COLUMNS,
} from '../../src/contract/history.ts';

it('names every column, event and state once', () => {
  for (const names of [DEVICE_COLUMNS, WORKER_COLUMNS, EVENT_TYPES]) assert.equal(new Set(names).size, names.length);
});

it('keeps the peak of a column beside its mean', () => {
  for (const column of [...DEVICE_COLUMNS, ...WORKER_COLUMNS].filter((name) => name.endsWith('_max'))) {
    const names: readonly string[] = [...DEVICE_COLUMNS, ...WORKER_COLUMNS];
    assert.ok(names.includes(column.slice(0, -'_max'.length)), column);
  }
});

it('refuses what is not in the contract', () => {
  const event = { id: '1', at: '2026-11-21T00:00:00.000Z', type: 'crash', severity: 'error', subject: null, text: 't' };
  assert.ok(storedEventSchema.safeParse({ ...event, details: { code: 139, asked: false, signal: null } }).success);
  assert.ok(!storedEventSchema.safeParse({ ...event, details: { embedding: [0.1] } }).success);
  assert.ok(!storedEventSchema.safeParse({ ...event, type: 'party', details: {} }).success);
  assert.ok(!findingSchema.safeParse({ code: 'input_bound' }).success);
  const answer = { from: '', to: '', step_s: 1, t: [1, 2], devices: [], workers: [], events: [] };
  assert.ok(historyAnswerSchema.safeParse(answer).success);
  assert.ok(!historyAnswerSchema.safeParse({ ...answer, t: ['now'] }).success);
});
