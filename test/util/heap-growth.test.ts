import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../src/util/heap-growth.ts', import.meta.url));

test('this V8 knows the flag: one that it does not know it would only complain about', () => {
  const script = `import { growHeapFreely } from ${JSON.stringify(file)}; growHeapFreely();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
