import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelStatus } from '../../src/contract/results.ts';
import { banner } from '../../src/telemetry/banner.ts';

function status(name: string, kind: ModelStatus['kind'], state: string): ModelStatus {
  return { name, kind, state, version: null, load_ms: null, memory_bytes: null, reason: 'started' } as ModelStatus;
}

const facts = (...all: ModelStatus[]) => ({
  version: '1',
  url: 'http://127.0.0.1:1',
  adminSocket: '/s',
  dataDir: '/d',
  keysNeeded: false,
  logFile: null,
  status: all,
  startedMs: 1500,
});

test('says whether everything that answers requests is ready; the monitor is not of them', () => {
  const imaging = status('imaging', 'imaging', 'ready');
  const late = status('monitor', 'monitor', 'starting');
  assert.match(banner(facts(imaging, late)), /^facepool 1: ready after 1\.5\d* s\n/);
  assert.match(banner(facts(imaging, late)), /monitor +starting +started/);
  const missing = status('detector', 'model', 'missing');
  assert.match(banner(facts(imaging, missing)), /detector +MISSING/);
  assert.match(banner(facts(imaging, missing)), /^facepool 1: started, not everything is ready after 1\.5/);
});

test('what is wrong although every process is well is told in the head, and in full', () => {
  const notices = ['3 faces of the collection "staff" are known in the space a'];
  const text = banner({ ...facts(status('imaging', 'imaging', 'ready')), notices });
  assert.match(text, /^facepool 1: started, not everything is ready/);
  assert.match(text, /\n {2}!! 3 faces of the collection "staff" are known in the space a\n/);
});
