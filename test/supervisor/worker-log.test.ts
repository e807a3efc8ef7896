import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { WorkerLog } from '../../src/supervisor/worker-log.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** Resolves when the line is with the file, rotation included. */
function write(log: WorkerLog, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    log.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
const close = (log: WorkerLog): Promise<void> => new Promise((resolve) => log.end(resolve));

test('what is written is in the file, for its owner only, after what was there', async (t) => {
  const file = path.join(tempDir(t), 'logs', 'detector.log');
  for (const line of ['one\n', 'two\n']) {
    const log = new WorkerLog(file, { maxBytes: 1000, files: 2 });
    await write(log, line);
    await close(log);
  }
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
});

test('a log at its size becomes .1, .1 becomes .2, and the oldest goes', async (t) => {
  const dir = tempDir(t);
  const log = new WorkerLog(path.join(dir, 'w.log'), { maxBytes: 10, files: 2 });
  for (const text of ['aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc', 'dd']) await write(log, text);
  await close(log);
  const read = (name: string): string => readFileSync(path.join(dir, name), 'utf8');
  assert.deepEqual(readdirSync(dir).sort(), ['w.log', 'w.log.1', 'w.log.2']);
  assert.deepEqual([read('w.log'), read('w.log.1'), read('w.log.2')], ['dd', 'cccccccccc', 'bbbbbbbbbb']);
});

test('the size of what an earlier server left counts', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'w.log');
  const first = new WorkerLog(file, { maxBytes: 10, files: 1 });
  await write(first, '123456');
  await close(first);
  const second = new WorkerLog(file, { maxBytes: 10, files: 1 });
  await write(second, '7890');
  await write(second, 'new');
  await close(second);
  assert.equal(readFileSync(`${file}.1`, 'utf8'), '1234567890');
  assert.equal(readFileSync(file, 'utf8'), 'new');
});

test('a folder that is gone costs lines, never an error, and the log goes on when it is back', async (t) => {
  const dir = path.join(tempDir(t), 'logs');
  const log = new WorkerLog(path.join(dir, 'w.log'), { maxBytes: 10, files: 1 });
  await write(log, 'ok');
  rmSync(dir, { recursive: true });
  for (let i = 0; i < 5; i++) await write(log, 'lost lost lost');
  assert.equal(log.destroyed, false, 'a destroyed log would leave the pipe of its worker to fill up');
  mkdirSync(dir);
  // The file that could not be opened tells so a moment later.
  for (let i = 0; i < 20 && !readdirSync(dir).includes('w.log'); i++) await write(log, 'back');
  await close(log);
  assert.ok(readdirSync(dir).includes('w.log'));
});

test('words that come while it is ended are lost, and nobody is told', async (t) => {
  const file = path.join(tempDir(t), 'w.log');
  const log = new WorkerLog(file, { maxBytes: 1000, files: 1 });
  const output = new PassThrough();
  output.pipe(log, { end: false });
  output.write('in time\n');
  const ended = close(log);
  output.write('too late\n');
  await ended;
  assert.equal(readFileSync(file, 'utf8'), 'in time\n');
});
