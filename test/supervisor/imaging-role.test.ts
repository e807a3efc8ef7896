import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { imagingRole } from '../../src/supervisor/imaging-role.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('reads what a reload may change at each start', (t) => {
  const settings = structuredClone(testSettings(tempDir(t)));
  const role = imagingRole(settings, '/nowhere/imaging.sock');
  settings.workers.infer_timeout_ms = 123;
  settings.log.level = 'debug';
  assert.equal(role.livelyMs, 123);
  assert.ok(Object.values(role.env).includes('debug'));
});

it('takes the socket of a process before away, and shares no more than it may hold', async (t) => {
  const dir = tempDir(t);
  const socketPath = path.join(dir, 'imaging.sock');
  writeFileSync(socketPath, '');
  const settings = structuredClone(testSettings(dir));
  settings.imaging.max_frame_bytes = 1000;
  const prepared = await imagingRole(settings, socketPath).prepare(new AbortController().signal);
  assert.ok(prepared.ok);
  assert.equal(existsSync(socketPath), false);
  assert.deepEqual([prepared.value.maxFrameBytes, prepared.value.sharedBytes], [1000, 1000]);
});
