import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { incomingDir, openServerFile } from '../../../src/models/staging/server-file.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { stagingSettings } from '../../fixtures/uploads.ts';

type Place = { readonly settings: Settings; readonly incoming: string; readonly mirror: string; readonly dir: string };

function setUp(t: TestContext): Place {
  const dir = tempDir(t);
  const mirror = join(dir, 'mirror');
  const settings = stagingSettings(join(dir, 'data'), { mirrors: [mirror, join(dir, 'not-there')] });
  const incoming = incomingDir(settings);
  mkdirSync(join(mirror, 'sub'), { recursive: true });
  mkdirSync(incoming, { recursive: true });
  writeFileSync(join(dir, 'secret'), 'secret');
  writeFileSync(join(incoming, 'a.onnx'), 'a');
  writeFileSync(join(mirror, 'sub/b.onnx'), 'b');
  return { settings, incoming, mirror, dir };
}

async function read(settings: Settings, name: string): Promise<string> {
  const file = await openServerFile(settings, name, 'x.onnx');
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function refused({ settings, dir }: Place, name: string, message: RegExp): Promise<void> {
  await assert.rejects(read(settings, name), (error: unknown) => {
    assert.ok(error instanceof FacepoolError);
    assert.deepEqual([error.code, error.param], ['invalid_argument', 'x.onnx']);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(dir));
    return true;
  });
}

test('files of incoming and of the mirrors are read', async (t) => {
  const { settings, incoming, mirror } = setUp(t);
  assert.equal(await read(settings, 'a.onnx'), 'a');
  assert.equal(await read(settings, join(incoming, 'a.onnx')), 'a');
  assert.equal(await read(settings, join(mirror, 'sub/b.onnx')), 'b');
});

test('a mirror may itself be a link: that is the administrator’s word', async (t) => {
  const place = setUp(t);
  symlinkSync(place.mirror, join(place.dir, 'linked'));
  const settings = stagingSettings(place.settings.data_dir, { mirrors: [join(place.dir, 'linked')] });
  assert.equal(await read(settings, join(place.dir, 'linked/sub/b.onnx')), 'b');
});

const OUTSIDE = /only files in store\.mirrors or/;
describe('nothing else of the machine', () => {
  for (const [name, path, message] of [
    ['an absolute path', '/etc/passwd', OUTSIDE],
    ['a way up', '../../secret', OUTSIDE],
    ['the folder itself', '.', OUTSIDE],
    ['a file that is not there', 'nothing.onnx', /no such file/],
    ['a folder that is not there', 'nothing/x.onnx', OUTSIDE],
    ['a path with a NUL', 'a.onnx\0', /no such file|only files/],
    ['the memory of this process', '/proc/self/mem', OUTSIDE],
  ] as const) {
    test(name, async (t) => refused(setUp(t), path, message));
  }

  test('a sibling whose name begins alike', async (t) => {
    const place = setUp(t);
    mkdirSync(`${place.mirror}-private`);
    writeFileSync(`${place.mirror}-private/x.onnx`, 'x');
    await refused(place, `${place.mirror}-private/x.onnx`, OUTSIDE);
  });

  test('a link to a file', async (t) => {
    const place = setUp(t);
    symlinkSync(join(place.dir, 'secret'), join(place.incoming, 'link.onnx'));
    await refused(place, 'link.onnx', /or it is a link/);
  });

  test('a link to a folder', async (t) => {
    const place = setUp(t);
    symlinkSync(place.dir, join(place.incoming, 'up'));
    await refused(place, 'up/secret', OUTSIDE);
  });

  test('a folder, a pipe and a device', async (t) => {
    const place = setUp(t);
    mkdirSync(join(place.incoming, 'folder.onnx'));
    await refused(place, 'folder.onnx', /no regular file/);
    execFileSync('mkfifo', [join(place.incoming, 'pipe.onnx')]);
    await refused(place, 'pipe.onnx', /no regular file/);
    await refused(
      { ...place, settings: stagingSettings(place.settings.data_dir, { mirrors: ['/dev'] }) },
      '/dev/null',
      /no regular file/,
    );
  });
});

test('a second name of a file is that file', async (t) => {
  const { settings, incoming } = setUp(t);
  linkSync(join(incoming, 'a.onnx'), join(incoming, 'c.onnx'));
  assert.equal(await read(settings, 'c.onnx'), 'a');
});
