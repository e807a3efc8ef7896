/** What ends a staging from outside: an abort, another staging, a crash, a kill, a full disk. Nothing may be left of it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { cleanStaging } from '../../../src/models/staging/area.ts';
import { stageVersion } from '../../../src/models/staging/stage-version.ts';
import { findVersion } from '../../../src/models/versions.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import {
  assertNothingLeft,
  realTools,
  requestOf,
  stagingSettings,
  tinyUpload,
  trickle,
} from '../../fixtures/uploads.ts';

const SCRIPT = fileURLToPath(new URL('../../fixtures/scripts/stage.ts', import.meta.url));

async function* stalled(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('so far');
  await new Promise<never>(() => {});
}

describe('an abort', () => {
  const reason = new Error('the client went away');

  test('while the client sends nothing', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const abort = new AbortController();
    const files = [...tinyUpload().files.keys()].map((name) => ({ name, stream: stalled() }));
    const tools = realTools(t, { signal: abort.signal });
    const staging = stageVersion(settings, requestOf(tinyUpload(), { files }), {
      ...tools,
      onStep: ({ step }) => {
        if (step === 'receive') setImmediate(() => abort.abort(reason));
      },
    });
    await assert.rejects(staging, reason);
    assertNothingLeft(settings);
  });

  for (const step of ['inspect', 'import', 'prove', 'register'] as const) {
    test(`in the step ${step}`, async (t) => {
      const settings = stagingSettings(tempDir(t));
      const abort = new AbortController();
      const tools = realTools(t, { signal: abort.signal });
      const staging = stageVersion(settings, requestOf(tinyUpload()), {
        ...tools,
        prove: () => (step === 'prove' ? new Promise(() => {}) : Promise.resolve()),
        onStep: (progress) => {
          if (progress.step !== step || progress.ms !== null) return;
          if (step === 'register') abort.abort(reason);
          else setImmediate(() => abort.abort(reason));
        },
      });
      await assert.rejects(staging, reason);
      assertNothingLeft(settings);
    });
  }

  test('of others that are being registered: a third has to wait', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const proving = Promise.withResolvers<void>();
    const tools = realTools(t, { prove: () => proving.promise });
    const begun = ['mine-1', 'mine-2'].map((version) => stageVersion(settings, requestOf(tinyUpload(version)), tools));
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload('mine-3')), tools), (error: unknown) => {
      assert.ok(error instanceof FacepoolError && error.code === 'queue_full');
      assert.ok((error.retryAfterS ?? 0) > 0);
      return true;
    });
    const elsewhere = stagingSettings(tempDir(t));
    await stageVersion(elsewhere, requestOf(tinyUpload()), realTools(t));
    proving.resolve();
    await Promise.all(begun);
    await stageVersion(settings, requestOf(tinyUpload('mine-3')), tools);
  });

  test('of one whose processes have not ended yet: its name is not free before', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const abort = new AbortController();
    const proving = Promise.withResolvers<void>();
    const prove = async (): Promise<void> => {
      abort.abort(reason);
      await proving.promise;
    };
    const tools = realTools(t, { signal: abort.signal, prove });
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), tools), reason);
    const again = (): Promise<unknown> => stageVersion(settings, requestOf(tinyUpload()), realTools(t));
    await assert.rejects(again(), { code: 'conflict', message: 'recognizer/mine-1 is being registered' });
    proving.resolve();
    const isTaken = ({ message }: FacepoolError): boolean => message.endsWith('is being registered');
    while (await again().then(() => false, isTaken)) await turn();
    assert.equal((await findVersion(settings, 'recognizer', 'mine-1'))?.problem, null);
  });

  test('before anything', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const tools = realTools(t, { signal: AbortSignal.abort(reason) });
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), tools), reason);
    assertNothingLeft(settings);
  });
});

test('a client whose stream breaks', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('so far');
    throw new Error('ECONNRESET');
  };
  const files = [...tinyUpload().files.keys()].map((name) => ({ name, stream: broken() }));
  await assert.rejects(stageVersion(settings, requestOf(tinyUpload(), { files }), realTools(t)), {
    code: 'invalid_argument',
    message: 'LICENSE broke off on its way',
  });
  assertNothingLeft(settings);
});

describe('two at once', () => {
  test('of one version: one is registered, the other is told', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const [first, second] = await Promise.allSettled([
      stageVersion(settings, requestOf(tinyUpload()), realTools(t)),
      stageVersion(settings, requestOf(tinyUpload()), realTools(t)),
    ]);
    assert.equal(first.status, 'fulfilled');
    assert.ok(second.status === 'rejected' && second.reason instanceof FacepoolError);
    assert.equal(second.reason.code, 'conflict');
    assert.equal((await findVersion(settings, 'recognizer', 'mine-1'))?.problem, null);
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), realTools(t)), { code: 'conflict' });
  });

  test('of two versions with the same files: both are registered', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const versions = ['mine-1', 'mine-2'];
    const staged = await Promise.all(
      versions.map((version) => stageVersion(settings, requestOf(tinyUpload(version)), realTools(t))),
    );
    assert.deepEqual(
      staged.map(({ manifest }) => manifest.version),
      versions,
    );
    assert.equal(readdirSync(join(settings.data_dir, 'imported')).length, 2);
  });

  test('what lies in the place already, and is no version, is not written over', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const place = join(settings.data_dir, 'models/recognizer/mine-1');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'notes.txt'), 'mine');
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), realTools(t)), { code: 'conflict' });
    assert.deepEqual(readdirSync(place), ['notes.txt']);
    for (const folder of ['staging', 'weights', 'imported']) {
      assert.deepEqual(readdirSync(join(settings.data_dir, folder)), [], folder);
    }
  });
});

describe('what others do wrong', () => {
  test('the importer dies over the files', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const { runInspector, ...tools } = realTools(t);
    const dying: typeof runInspector = (params) => runInspector(params, AbortSignal.timeout(1));
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), { ...tools, runInspector: dying }), {
      code: 'model_failed',
    });
    assertNothingLeft(settings);
  });

  test('the importer says what makes no sense', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const tools = realTools(t);
    for (const change of [{ graphs: null }, { golden: { graphs: 'all' } }] as readonly object[]) {
      const runInspector: typeof tools.runInspector = async (params) => {
        return Object.assign(await tools.runInspector(params), change);
      };
      await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), { ...tools, runInspector }), {
        code: 'model_failed',
      });
      assertNothingLeft(settings);
    }
  });

  test('the golden probe fails', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const failed = new FacepoolError('model_failed', 'the golden probe failed');
    const tools = realTools(t, { prove: () => Promise.reject(failed) });
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), tools), failed);
    assertNothingLeft(settings);
  });
});

type Run = {
  readonly lines: string[];
  readonly ended: Promise<unknown>;
  kill(): void;
  until(line: string): Promise<void>;
};

function runScript(t: TestContext, command: string, args: readonly string[]): Run {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  return {
    lines,
    ended,
    kill: () => void child.kill('SIGKILL'),
    until: async (line) => {
      while (!lines.includes(line)) await Promise.race([once(reader, 'line'), ended]);
    },
  };
}

describe('a server that is killed', () => {
  for (const step of ['receive', 'inspect', 'import', 'prove']) {
    test(`in the step ${step}: the next start removes what it left`, async (t) => {
      const settings = stagingSettings(tempDir(t));
      const run = runScript(t, process.execPath, [SCRIPT, settings.data_dir, step]);
      await run.until(step);
      run.kill();
      await run.ended;
      assert.equal(readdirSync(join(settings.data_dir, 'staging')).length, 1);
      assert.equal(await findVersion(settings, 'recognizer', 'mine-1'), null);
      assert.equal(await cleanStaging(settings), 1);
      assertNothingLeft(settings);
    });
  }
});

describe('a full disk', () => {
  test('is seen before the first byte is copied', async (t) => {
    const settings = stagingSettings(tempDir(t));
    const tools = realTools(t, { freeBytes: async () => 100 });
    await assert.rejects(stageVersion(settings, requestOf(tinyUpload()), tools), {
      code: 'storage_full',
      message: /the disk has 0\.0 MB left; this version needs/,
    });
    assertNothingLeft(settings);
  });

  test('a limit on the size of files is one as well', async (t) => {
    const settings = stagingSettings(tempDir(t));
    // The limit is in blocks of 512 bytes or of 1024, as the shell likes it.
    const args = [process.execPath, SCRIPT, settings.data_dir, '', '500000'].map((arg) => `'${arg}'`).join(' ');
    const run = runScript(t, 'sh', ['-c', `ulimit -f 200 && exec ${args}`]);
    await run.ended;
    assert.deepEqual(run.lines, ['check', 'receive', 'storage_full: the disk is full']);
    assertNothingLeft(settings);
  });

  const noMount = process.getuid?.() === 0 && canMount() ? false : 'only root may mount a file system, where it may';
  for (const [where, kilobytes, lines] of [
    ['while a file is received', 60, ['check', 'receive', 'storage_full: the disk is full']],
    // Of pages of 4 KB: 25 for the licence, two weights, manifest, golden tensors, and one of two imported graphs.
    ['while the importer writes', 120, ['check', 'receive', 'inspect', 'import', 'storage_full: the disk is full']],
  ] as const) {
    test(where, { skip: noMount }, async (t) => {
      const dir = tempDir(t);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'facepool-test', dir]);
      try {
        const settings = stagingSettings(join(dir, 'data'));
        const run = runScript(t, process.execPath, [SCRIPT, settings.data_dir, '', '100000']);
        await run.ended;
        assert.deepEqual(run.lines, lines);
        assertNothingLeft(settings);
      } finally {
        // Not after the test: the folder under it would be removed first.
        execFileSync('umount', ['-l', dir]);
      }
    });
  }
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'facepool-test', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('what is streamed in parts of any size arrives whole', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const { files } = tinyUpload();
  const one = async function* (): AsyncGenerator<{ name: string; stream: AsyncGenerator<Uint8Array> }> {
    for (const [name, bytes] of files) yield { name, stream: trickle(bytes, 1) };
  };
  const staged = await stageVersion(settings, requestOf(tinyUpload(), { files: one() }), realTools(t));
  assert.equal(staged.manifest.version, 'mine-1');
});
