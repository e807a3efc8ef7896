import assert from 'node:assert/strict';
import test from 'node:test';
import { EVENT_TYPES } from '../../src/contract/history.ts';
import { type ErrorCode, FacepoolError } from '../../src/contract/errors.ts';
import {
  parseChoice,
  parseEventId,
  parseLimit,
  parseList,
  parseTypes,
  readOptions,
} from '../../src/http/observatory-options.ts';

const fails = (code: ErrorCode, param: string) => (error: unknown) =>
  error instanceof FacepoolError && error.code === code && error.param === param;

test('a route has its options and no others, each once', () => {
  assert.deepEqual(readOptions('/history', '/history?from=-1h&step=5'), { from: '-1h', step: '5' });
  assert.deepEqual(readOptions('/gpu', '/gpu'), {});
  assert.throws(() => readOptions('/gpu', '/gpu?x=1'), fails('unknown_option', 'x'));
  assert.throws(() => readOptions('/insight', '/insight?step=1'), fails('unknown_option', 'step'));
  assert.throws(() => readOptions('/history', '/history?__proto__=1'), fails('unknown_option', '__proto__'));
  assert.throws(() => readOptions('/history', '/history?from=-1h&from=-1h'), fails('invalid_argument', 'from'));
  assert.throws(
    () => readOptions('/history', `/history?${'x'.repeat(500)}=1`),
    fails('unknown_option', 'x'.repeat(40)),
  );
});

test('lists have no gaps, and each item once', () => {
  assert.equal(parseList('devices', undefined), null);
  assert.deepEqual(parseList('devices', 'cpu,GPU-1,cpu'), ['cpu', 'GPU-1']);
  const many = Array.from({ length: 101 }, (_, i) => String(i)).join(',');
  for (const text of ['', ',', 'cpu,', ',cpu', 'cpu,,gpu', 'x'.repeat(101), many]) {
    assert.throws(() => parseList('devices', text), fails('invalid_argument', 'devices'), text);
  }
});

test('types are those of events', () => {
  assert.equal(parseTypes(undefined), null);
  assert.deepEqual(parseTypes('crash,oom'), ['crash', 'oom']);
  assert.deepEqual(parseTypes(EVENT_TYPES.join(',')), [...EVENT_TYPES]);
  for (const text of ['', 'Crash', 'crash,nothing']) {
    assert.throws(() => parseTypes(text), fails('invalid_argument', 'types'), text);
  }
});

test('words, numbers and ids are taken as they are meant or not at all', () => {
  assert.equal(parseChoice('format', undefined, ['json', 'csv'], 'json'), 'json');
  assert.equal(parseChoice('format', 'csv', ['json', 'csv'], 'json'), 'csv');
  assert.throws(() => parseChoice('format', 'CSV', ['json', 'csv'], 'json'), fails('invalid_argument', 'format'));
  assert.deepEqual([undefined, '1', '1000'].map(parseLimit), [200, 1, 1000]);
  for (const text of ['', '0', '1001', '-1', '1.5', 'all']) {
    assert.throws(() => parseLimit(text), fails('invalid_argument', 'limit'), text);
  }
  assert.equal(parseEventId('01JABC-7'), '01JABC-7');
  for (const text of ['', 'a b', 'x\ny', 'é', 'x'.repeat(101)]) {
    assert.throws(() => parseEventId(text), fails('invalid_argument', 'last_event_id'), text);
  }
});
