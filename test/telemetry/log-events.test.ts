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
