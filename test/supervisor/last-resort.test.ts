/** With processes of their own, which it is about. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { tempDir } from '../fixtures/temp-dir.ts';

const url = (file: string): string => JSON.stringify(new URL(`../../src/supervisor/${file}`, import.meta.url).href);

/** Runs `body` in a process whose log goes to a file or to stdout. @returns its exit code and the lines of its log */
function run(t: TestContext, to: 'file' | 'stdout', body: string) {
  const dir = tempDir(t);
  const program = `
    import { keepGoing } from ${url('last-resort.ts')};
    import { openLogs } from ${url('logs.ts')};
    const settings = { log: { to: '${to}', level: 'info', worker_max_bytes: 1e6, worker_files: 1 }, data_dir: process.argv[1] };
    const end = keepGoing(settings, openLogs(settings));
    ${body}
  `;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, dir], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  const text = to === 'file' ? readFileSync(path.join(dir, 'logs', 'server.log'), 'utf8') : stdout;
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): { level: string; msg: string; err: { message: string } } => JSON.parse(line));
  return { status, lines };
}

describe('what nobody foresaw', () => {
  it('a rejection that nobody waits for is a line in the log, and the server goes on', (t) => {
    const { status, lines } = run(
      t,
      'stdout',
      `void Promise.reject(new Error('forgotten')); setTimeout(() => process.exit(7), 50);`,
    );
    assert.equal(status, 7);
    assert.deepEqual(
      lines.map(({ level, err }) => [level, err.message]),
      [['error', 'forgotten']],
    );
  });

  for (const to of ['file', 'stdout'] as const) {
    it(`an exception ends it, and is in the log (${to})`, (t) => {
      const { status, lines } = run(
        t,
        to,
        `setTimeout(() => { throw new Error('unforeseen'); }, 10); setTimeout(() => {}, 20_000);`,
      );
      assert.equal(status, 1);
      assert.deepEqual(
        lines.map(({ level, err }) => [level, err.message]),
        [['fatal', 'unforeseen']],
      );
    });
  }

  it('is Node’s own business again afterwards', (t) => {
    const { status, lines } = run(
      t,
      'stdout',
      `end(); void Promise.reject(new Error('late')); setTimeout(() => process.exit(7), 5000);`,
    );
    assert.equal(status, 1);
    assert.deepEqual(lines, []);
  });
});
