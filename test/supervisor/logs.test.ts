import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { tempDir } from '../fixtures/temp-dir.ts';

test('what is said to people may find no room, and the server goes on', { timeout: 30_000 }, (t) => {
  const full = openSync('/dev/full', 'a');
  t.after(() => closeSync(full));
  const program = `
    import { openLogs } from ${JSON.stringify(new URL('../../src/supervisor/logs.ts', import.meta.url).href)};
    const { people } = openLogs({ log: { to: 'stdout', level: 'info', worker_max_bytes: 1000, worker_files: 1 }, data_dir: process.argv[1] });
    people.write('a banner');
    setTimeout(() => people.write('another'), 50);
    setTimeout(() => process.exit(7), 100);
  `;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program, tempDir(t)], {
    stdio: ['ignore', 'ignore', full],
  });
  assert.equal(status, 7);
});
