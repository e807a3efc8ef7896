import assert from 'node:assert/strict';
import test from 'node:test';
import { errorLine, REDACTED, redact } from '../../src/contract/redaction.ts';

test('biometric fields are left out at any depth, whatever their case', () => {
  const secret = 'SECRET';
  const out = redact({ faces: [{ Embedding: [1], crop: { base64: secret }, score: 0.5 }], subject: secret });
  assert.deepEqual(out, { faces: [{ Embedding: REDACTED, crop: REDACTED, score: 0.5 }], subject: REDACTED });
});

test('binary data is shown by its size, and a cycle ends', () => {
  assert.equal(redact(Buffer.from('abc')), '[3 bytes]');
  assert.equal(redact(new Float32Array(2)), '[8 bytes]');
  assert.equal(redact(new ArrayBuffer(5)), '[5 bytes]');
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  assert.match(JSON.stringify(redact(loop)), /\[deep\]/);
});

test('of an error nothing is kept but its type, message, code, stack and cause', () => {
  const cause = Object.assign(new Error('inner'), { image: 'SECRET' });
  const error = Object.assign(new TypeError('outer', { cause }), { code: 'E_X', embedding: [1, 2] });
  const line = errorLine(error);
  assert.deepEqual(Object.keys(line), ['type', 'message', 'code', 'stack', 'cause']);
  assert.deepEqual([line.type, line.message, line.code, line.cause?.message], ['TypeError', 'outer', 'E_X', 'inner']);
  assert.doesNotMatch(JSON.stringify(line), /SECRET/);
  assert.deepEqual(errorLine('text'), { type: 'string', message: 'text' });
});

test('an endless chain of causes ends', () => {
  const error = new Error('round');
  error.cause = error;
  assert.ok(JSON.stringify(errorLine(error)).length < 100_000);
});
