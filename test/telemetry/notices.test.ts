import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNotices } from '../../src/telemetry/notices.ts';

test('what is found out before the banner is in it, what is found out later is written at once', () => {
  const written: string[] = [];
  const notices = createNotices({ write: (text: string) => written.push(text) });
  notices.add('early');
  assert.deepEqual(written, []);
  assert.deepEqual(notices.open(), ['early']);
  notices.add('late');
  assert.deepEqual(written, ['\n  !! late\n\n']);
});
