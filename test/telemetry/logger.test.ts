import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REDACTED } from '../../src/contract/redaction.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

function capture(level: 'trace' | 'warn' = 'trace') {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger(
    { level },
    { name: 'test', destination: { write: (line: string) => void lines.push(JSON.parse(line)) } },
  );
  return { log, lines };
}

describe('the logger', () => {
  it('writes part, level as a word, ISO time and the fields', () => {
    const { log, lines } = capture();
    log.child({ request_id: '01ABC' }).info({ status: 200 }, 'request');
    const [line] = lines;
    assert.equal(line?.['part'], 'test');
    assert.equal(line?.['level'], 'info');
    assert.equal(line?.['request_id'], '01ABC');
    assert.equal(line?.['status'], 200);
    assert.equal(line?.['msg'], 'request');
    assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('keeps to its level', () => {
    const { log, lines } = capture('warn');
    log.info('no');
    log.warn('yes');
    assert.deepEqual(
      lines.map((line) => line['msg']),
      ['yes'],
    );
  });

  it('writes nothing biometric, at any depth, in fields, bindings and errors', () => {
    const { log, lines } = capture();
    const secret = 'SECRET';
    const error = Object.assign(new Error('broken'), { embedding: secret, file: secret, code: 'E_X' });
    log.child({ subject: secret, match: { subject: secret } }).error(
      {
        embedding: { array: [secret] },
        faces: [{ matches: [{ subject: secret }], crop: { base64: secret }, det_score: 0.5 }],
        nested: { Image: secret, bytes: secret },
        err: error,
      },
      'failed',
    );
    const [line] = lines;
    assert.equal(JSON.stringify(lines).includes(secret), false);
    assert.equal(line?.['embedding'], REDACTED);
    assert.deepEqual(line?.['faces'], [{ matches: REDACTED, crop: REDACTED, det_score: 0.5 }]);
    assert.deepEqual(line?.['nested'], { Image: REDACTED, bytes: REDACTED });
    const err = line?.['err'] as Record<string, unknown>;
    assert.deepEqual(Object.keys(err).toSorted(), ['code', 'message', 'stack', 'type']);
    assert.equal(err['code'], 'E_X');
  });

  it('logs causes of errors, and thrown values that are no errors', () => {
    const { log, lines } = capture();
    log.error({ err: new Error('outer', { cause: new Error('inner') }) });
    log.error({ err: 'text' });
    const [first, second] = lines.map((line) => line['err'] as Record<string, unknown>);
    assert.equal((first?.['cause'] as { message: string } | undefined)?.message, 'inner');
    assert.deepEqual(second, { type: 'string', message: 'text' });
  });
});
