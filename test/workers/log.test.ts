import assert from 'node:assert/strict';
import test from 'node:test';
import { REDACTED } from '../../src/contract/redaction.ts';
import { createLog } from '../../workers/log.ts';

function capture(level?: string) {
  const lines: string[] = [];
  const log = createLog({ part: 'imaging', level, write: (line) => lines.push(line) });
  return { log, lines, parsed: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

test('a line is JSON with what the server’s lines have too', () => {
  const { log, lines, parsed } = capture('info');
  log('warn', { request_id: '01ABC', run_ms: 3 }, 'call failed');
  assert.ok(lines[0]?.endsWith('}\n'));
  const [{ time, ...line } = {}] = parsed();
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(line, {
    level: 'warn',
    pid: process.pid,
    part: 'imaging',
    worker_id: 0,
    request_id: '01ABC',
    run_ms: 3,
    msg: 'call failed',
  });
});

test('it keeps to its level; an unknown one is info', () => {
  for (const [level, least] of [
    ['trace', 'debug'],
    ['debug', 'debug'],
    ['info', 'info'],
    ['verbose', 'info'],
    [undefined, 'info'],
    ['error', 'error'],
  ] as const) {
    const { log, parsed } = capture(level);
    for (const at of ['debug', 'info', 'warn', 'error'] as const) log(at, {}, at);
    assert.equal(parsed()[0]?.['level'], least, level);
  }
  const silent = capture('silent');
  silent.log('fatal', {}, 'x');
  assert.deepEqual(silent.lines, []);
});

test('nothing biometric is written, and of an error only message, code, stack and cause', () => {
  const { log, lines, parsed } = capture('debug');
  const err = Object.assign(new Error('broken'), { embedding: 'SECRET' });
  log('warn', { err, crops: ['SECRET'], nested: { image: 'SECRET' }, data: Buffer.from('SECRET') }, 'call failed');
  assert.doesNotMatch(lines.join(''), /SECRET/);
  const [line] = parsed();
  assert.equal(line?.['crops'], REDACTED);
  assert.equal(line?.['data'], '[6 bytes]');
  assert.equal((line?.['err'] as { message: string } | undefined)?.message, 'broken');
});
