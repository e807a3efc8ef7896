import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROTOCOL_VERSION as v } from '../../src/contract/protocol.ts';
import { readMessage } from '../../src/supervisor/message.ts';

const error = (raw: unknown) => {
  const read = readMessage({ v, type: 'error', id: 1, error: raw });
  return read.ok && read.message.type === 'error' ? read.message.error : null;
};

test('what the protocol knows is let through as it is', () => {
  for (const message of [
    { v, type: 'hello', kind: 'model', pid: 1, runtime: 'x' },
    { v, type: 'listening' },
    { v, type: 'listening', arena: { arena: 1, path: '/proc/1/fd/9', bytes: 4096 } },
    { v, type: 'mapped', arena: 1 },
    { v, type: 'progress', phase: 'warm' },
    { v, type: 'begin', id: 1 },
    { v, type: 'result', id: 1, value: { any: 'thing' } },
  ]) {
    assert.deepEqual(readMessage(message), { ok: true, message });
  }
});

test('everything else has a fault that can be told', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /no message/],
    ['hello', /no message/],
    [17, /no message/],
    [{}, /speaks protocol undefined/],
    [{ v: v + 1, type: 'hello' }, /speaks protocol 2, expected 1/],
    [{ v: 'x'.repeat(500), type: 'hello' }, /^speaks protocol x{20}, expected 1$/],
    [{ v }, /said "undefined"/],
    [{ v: { toString: 1, valueOf: 1 }, type: 'hello' }, /^speaks protocol object, expected 1$/],
    [{ v, type: { toString: 1, valueOf: 1 } }, /^said "object", which is no message/],
    [{ v, type: 'surprise' }, /said "surprise", which is no message/],
    [{ v, type: 'progress', phase: 'lunch' }, /load phase/],
    [{ v, type: 'mapped', arena: 'mine' }, /mapped the memory of no process/],
    [{ v, type: 'listening', arena: { arena: 1, path: 7, bytes: 1 } }, /shares memory that is none/],
    [{ v, type: 'listening', arena: { arena: 1, path: '/etc/passwd', bytes: 1 } }, /shares memory that is none/],
    [{ v, type: 'listening', arena: null }, /shares memory that is none/],
    [{ v, type: 'result' }, /without an id/],
    [{ v, type: 'begin', id: '1' }, /without an id/],
    [{ v, type: 'error', id: 0.5, error: {} }, /without an id/],
  ];
  for (const [raw, fault] of cases) {
    const read = readMessage(raw);
    assert.ok(!read.ok);
    assert.match(read.fault, fault);
  }
});

test('an error has a code of the catalogue and texts, whatever was said', () => {
  assert.equal(error({ code: 'memory_exhausted', message: 'full', retryAfterS: 3 })?.retryAfterS, 3);
  assert.deepEqual(
    [undefined, null, 'x', {}, { code: 'model_failed' }].map((raw) => error(raw)?.code),
    Array.from({ length: 5 }, () => 'model_failed'),
  );
  const strange = error({ code: 'toString', message: 'm', param: 3, retryAfterS: 'soon', stack: {} });
  assert.deepEqual(strange, {
    code: 'model_failed',
    message: 'm',
    param: undefined,
    retryAfterS: undefined,
    stack: undefined,
  });
});
