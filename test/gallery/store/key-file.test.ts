import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readKeyFile } from '../../../src/gallery/store/key-file.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 255 - i * 7);

describe('the file of the key', () => {
  it('holds 32 bytes as hexadecimal or base64', (t) => {
    const file = path.join(tempDir(t), 'key');
    const buffer = Buffer.from(KEY);
    const texts = [
      buffer.toString('hex'),
      `${buffer.toString('hex').toUpperCase()}\n`,
      ` ${buffer.toString('base64')}\n`,
      buffer.toString('base64url'),
    ];
    for (const text of texts) {
      writeFileSync(file, text, { mode: 0o600 });
      assert.deepEqual(readKeyFile(file), KEY);
    }
  });

  it('is refused with what is wrong, and never with what is in it', (t) => {
    const file = path.join(tempDir(t), 'key');
    for (const text of ['', 'abcd', 'x'.repeat(64), Buffer.from(KEY).toString('hex').slice(1), 'y'.repeat(5000)]) {
      writeFileSync(file, text, { mode: 0o600 });
      assert.throws(
        () => readKeyFile(file),
        (error: Error) => {
          assert.match(error.message, /^people\.encryption_key_file .*32 bytes as hexadecimal or base64/);
          assert.ok(!error.message.includes(file));
          return text.length < 4 || !error.message.includes(text);
        },
      );
    }
  });

  it('is refused where others can read it, or where there is none', (t) => {
    const folder = tempDir(t);
    const file = path.join(folder, 'key');
    writeFileSync(file, Buffer.from(KEY).toString('hex'));
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(file, mode);
      assert.throws(() => readKeyFile(file), { code: 'people_unavailable', message: /read by others.*chmod 600/ });
    }
    chmodSync(file, 0o400);
    assert.deepEqual(readKeyFile(file), KEY);
    assert.throws(() => readKeyFile(path.join(folder, 'absent')), { message: /there is no such file/ });
    mkdirSync(path.join(folder, 'dir'));
    assert.throws(() => readKeyFile(path.join(folder, 'dir')), { message: /is not a file/ });
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    assert.throws(() => readKeyFile(path.join(folder, 'pipe')), { message: /is not a file/ });
  });
});
