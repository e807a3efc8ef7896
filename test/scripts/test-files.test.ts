import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { ROOT } from '../../scripts/ensure.mjs';
import { SHARING, testFiles, writeShared } from '../../scripts/test-files.mjs';

const { shared, own, alone } = testFiles(ROOT);

it('runs every test file once', () => {
  const all = globSync('test/**/*.test.ts', { cwd: ROOT }).sort();
  assert.deepEqual([...[...shared.values()].flat(), ...own, ...alone].sort(), all);
  assert.ok(all.length > 500);
});

it('knows no folder that is not there', () => {
  assert.deepEqual([...shared.keys()], SHARING);
  assert.deepEqual(
    [...shared].filter(([, files]) => files.length === 0),
    [],
  );
});

it('lets nobody share a process whose hooks would be for all of it', () => {
  const hooked = [...shared.values()]
    .flat()
    .filter((file) =>
      /^(?:before|after|beforeEach|afterEach|mock\.)\b/m.test(readFileSync(path.join(ROOT, file), 'utf8')),
    );
  assert.deepEqual(hooked, []);
});

it('writes files that import exactly theirs', (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'facepool-test-files-'));
  t.after(() => rmSync(root, { recursive: true }));
  const written = writeShared(root, new Map([['a/b', ['test/a/b/one.test.ts', 'test/a/b/two.test.ts']]]));
  assert.deepEqual(written, ['.cache/test/a-b.test.mjs']);
  assert.equal(
    readFileSync(path.join(root, '.cache/test/a-b.test.mjs'), 'utf8'),
    `import "file://${root}/test/a/b/one.test.ts";\nimport "file://${root}/test/a/b/two.test.ts";\n`,
  );
});
