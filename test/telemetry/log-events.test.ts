import assert from 'node:assert/strict';
import test from 'node:test';
import { createEvents } from '../../src/telemetry/events.ts';
import { logEvents } from '../../src/telemetry/log-events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

test('the pid of a line is that of who writes it; the worker’s has a name of its own', () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const events = createEvents();
  logEvents(events, createLogger({ level: 'debug' }, { name: 'test', destination }));
  events.emit('worker.state', {
    name: 'detector',
    version: 'yunet-n',
    workerId: 3,
    pid: 4711,
    from: 'warming',
    to: 'ready',
    reason: 'loaded',
    at: 0,
  });
  const [line] = lines;
  assert.deepEqual([line?.['pid'], line?.['worker_pid']], [process.pid, 4711]);
});

test('a configuration that was read again is one line, with every fault of one that was refused', () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const events = createEvents();
  logEvents(events, createLogger({ level: 'info' }, { name: 'test', destination }));
  events.emit('reload', { ok: true, applied: ['log.level'], needsRestart: ['http.port'], detail: '', at: 0 });
  events.emit('reload', { ok: false, applied: [], needsRestart: [], detail: 'a: no\nb: no', at: 0 });
  const [first, second] = lines;
  assert.equal(first?.['msg'], 'the configuration was read again: 1 applied, 1 after a restart');
  assert.deepEqual([first?.['applied'], first?.['needsRestart']], [['log.level'], ['http.port']]);
  assert.equal(second?.['level'], 'error');
  assert.match(String(second?.['msg']), /a: no\nb: no$/);
});
