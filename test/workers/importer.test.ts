import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENV_PARENT_PID, PROTOCOL_VERSION } from '../../src/contract/protocol.ts';
import type { FromChild, ToImporter } from '../../src/contract/protocol.ts';
import { encode, tinyModel, tinySpec } from '../fixtures/onnx.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const ENTRY = fileURLToPath(new URL('../../workers/importer.ts', import.meta.url));
const v = PROTOCOL_VERSION;

function startImporter(t: TestContext): { child: ChildProcess; say: (message: ToImporter) => void } {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    env: { ...process.env, [ENV_PARENT_PID]: String(process.pid) },
  });
  t.after(() => child.kill('SIGKILL'));
  return { child, say: (message) => void child.send(message) };
}

/** Collects messages; resolves when `count` calls are answered. */
function answers(child: ChildProcess, count: number): Promise<FromChild[]> {
  const messages: FromChild[] = [];
  let left = count;
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the importer ended')));
    child.on('message', (message: FromChild) => {
      messages.push(message);
      if (message.type === 'result' || message.type === 'error') left -= 1;
      if (left === 0) resolve(messages);
    });
  });
}

test('the importer imports, says what is wrong with a bad file, and stops when asked', async (t) => {
  const dir = tempDir(t);
  const source = join(dir, 'tiny.onnx');
  const garbage = join(dir, 'garbage.onnx');
  const target = join(dir, 'imported.onnx');
  writeFileSync(source, encode(tinyModel()));
  writeFileSync(garbage, 'not a model');
  const { child, say } = startImporter(t);
  const graph = tinySpec();
  say({ v, type: 'import', id: 1, params: { source: garbage, target, graph } });
  say({ v, type: 'import', id: 2, params: { source, target, graph } });
  const messages = await answers(child, 2);

  assert.equal(messages[0]?.type, 'hello');
  assert.deepEqual(
    messages.slice(1).map((m) => m.type),
    ['begin', 'error', 'begin', 'result'],
  );
  const error = messages.find((m) => m.type === 'error');
  assert.equal(error?.id, 1);
  assert.deepEqual([error.error.code, error.error.message], ['model_failed', 'the file is not an ONNX model']);
  const result = messages.find((m) => m.type === 'result');
  assert.equal(result?.id, 2);
  assert.partialDeepStrictEqual(result.value, { verified: true, maxAbsDiff: 0 });
  assert.ok(existsSync(target));

  say({ v, type: 'stop' });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
