import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { filesOf } from '../../../src/models/staging/check-manifest.ts';
import { receiveFiles } from '../../../src/models/staging/receive.ts';
import type { ReceiveOptions, UploadFile } from '../../../src/models/staging/receive.ts';
import { detectorManifest } from '../../fixtures/manifests.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { stagingSettings, trickle } from '../../fixtures/uploads.ts';

const WEIGHT = Buffer.from('the weights of a detector');
const WEIGHT_FILE = 'yunet.onnx';
const licence: UploadFile = { name: 'LICENSE', stream: trickle(Buffer.from('free')) };

function setUp(t: TestContext): ReceiveOptions & { readonly dir: string } {
  const dir = tempDir(t);
  const manifest = detectorManifest();
  const sha256 = createHash('sha256').update(WEIGHT).digest('hex');
  const graphs = manifest.graphs.map((graph) => ({ ...graph, bytes: WEIGHT.byteLength, sha256 }));
  const target = (name: string): string => join(dir, name);
  return { dir, settings: stagingSettings(join(dir, 'data')), expected: filesOf({ ...manifest, graphs }), target };
}

const streamed = (bytes: Uint8Array = WEIGHT, name = WEIGHT_FILE): UploadFile => ({ name, stream: trickle(bytes, 3) });

test('files are written as they come, for their owner only', async (t) => {
  const options = setUp(t);
  assert.equal(await receiveFiles([streamed(), licence], options), false);
  assert.deepEqual(readFileSync(join(options.dir, WEIGHT_FILE)), WEIGHT);
  assert.equal(statSync(join(options.dir, WEIGHT_FILE)).mode & 0o777, 0o600);
});

test('golden tensors may be among them', async (t) => {
  const options = setUp(t);
  const files = [
    streamed(),
    { ...licence, stream: trickle(Buffer.from('free')) },
    streamed(Buffer.from('{}'), 'golden.json'),
  ];
  assert.equal(await receiveFiles(files, options), true);
});

test('a list is checked before the first byte is taken', async (t) => {
  const options = setUp(t);
  const untouched = {
    [Symbol.asyncIterator]: () => assert.fail('read before all names were checked'),
  };
  const files = [
    { name: WEIGHT_FILE, stream: untouched },
    { name: 'other', stream: untouched },
  ];
  await assert.rejects(receiveFiles(files, options), { code: 'invalid_argument', param: 'files' });
  await assert.rejects(receiveFiles(files.slice(0, 1), options), { code: 'invalid_argument', param: 'LICENSE' });
});

test('what comes one after the other is checked as it comes', async (t) => {
  const options = setUp(t);
  const files = async function* (): AsyncGenerator<UploadFile> {
    yield streamed();
    yield streamed();
  };
  await assert.rejects(receiveFiles(files(), options), { message: `${WEIGHT_FILE} is there twice` });
});

test('no byte too many is taken, and the rest is not read', async (t) => {
  const options = setUp(t);
  let sent = 0;
  let ended = false;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        sent += 10;
        yield Buffer.alloc(10);
      }
    } finally {
      ended = true;
    }
  };
  const files: UploadFile[] = [{ name: WEIGHT_FILE, stream: endless() }, licence];
  await assert.rejects(receiveFiles(files, options), { code: 'payload_too_large', param: WEIGHT_FILE });
  assert.equal(sent, 30, 'three chunks are the first that are too many');
  assert.ok(ended, 'the stream was told');
  assert.ok(statSync(join(options.dir, WEIGHT_FILE)).size <= WEIGHT.byteLength);
});

test('licence texts have a limit of their own', async (t) => {
  const options = setUp(t);
  const files = [streamed(Buffer.alloc(2 ** 20 + 1), 'LICENSE'), streamed()];
  files[0] = { name: 'LICENSE', stream: trickle(Buffer.alloc(2 ** 20 + 1), 2 ** 16) };
  await assert.rejects(receiveFiles(files, options), { code: 'payload_too_large', param: 'LICENSE' });
});

describe('files that are on the server', () => {
  const onServer = (t: TestContext, bytes: Uint8Array) => {
    const options = setUp(t);
    const incoming = join(options.settings.data_dir, 'incoming');
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, 'from-usb.bin'), bytes);
    return options;
  };
  const named = (sha256?: string): UploadFile => ({ name: WEIGHT_FILE, path: 'from-usb.bin', sha256 });
  const sum = createHash('sha256').update(WEIGHT).digest('hex');

  test('are copied, whatever they are called there', async (t) => {
    const options = onServer(t, WEIGHT);
    await receiveFiles([named(sum), { ...licence, stream: trickle(Buffer.from('free')) }], options);
    assert.deepEqual(readFileSync(join(options.dir, WEIGHT_FILE)), WEIGHT);
  });

  test('must be of the sum that was said', async (t) => {
    const options = onServer(t, WEIGHT);
    const error = { code: 'invalid_argument', param: WEIGHT_FILE, message: /not "0{64}"/ };
    await assert.rejects(receiveFiles([named('0'.repeat(64)), licence], options), error);
  });

  test('must be of the sum of the manifest', async (t) => {
    const options = onServer(t, Buffer.from('THE WEIGHTS OF A DETECTOR'));
    await assert.rejects(receiveFiles([named(), licence], options), { message: /the manifest says/ });
  });

  test('may not be others of the machine', async (t) => {
    const options = onServer(t, WEIGHT);
    const files: UploadFile[] = [{ name: WEIGHT_FILE, path: '/etc/passwd' }, licence];
    await assert.rejects(receiveFiles(files, options), { code: 'invalid_argument', param: WEIGHT_FILE });
    assert.ok(!existsSync(join(options.dir, WEIGHT_FILE)));
  });
});
