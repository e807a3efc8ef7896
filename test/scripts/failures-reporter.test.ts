/** What `npm test` tells at its end, from a real run of `node --test`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPORTER = fileURLToPath(new URL('../../scripts/failures-reporter.mjs', import.meta.url));
const TESTS = `
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
describe('sums', () => {
  it('is right', () => assert.equal(1, 1));
  it('is wrong', () => assert.equal(1, 2));
  it('waits', { timeout: 20 }, () => new Promise(() => {}));
  it('is for later', { todo: true }, () => assert.equal(1, 2));
});
`;

test('tells each test that failed once, where it is and why', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'facepool-reporter-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'sums.test.mjs'), TESTS);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_TEST')));
  const run = spawnSync(process.execPath, ['--test', `--test-reporter=${REPORTER}`, 'sums.test.mjs'], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  assert.equal(run.status, 1);
  const heads = run.stdout.split('\n').filter((line) => line !== '' && !line.startsWith(' '));
  assert.deepEqual(heads, ['sums.test.mjs:6 is wrong', 'sums.test.mjs:7 waits']);
  assert.match(run.stdout, / 1 !== 2\n/);
  assert.match(run.stdout, /timed out after 20ms/);
  assert.doesNotMatch(run.stdout, /node:internal/);
});
