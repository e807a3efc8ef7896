import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPresence } from '../../../workers/monitor/presence.ts';

const card = { index: 0, uuid: 'GPU-a' };

test('what is there at the start is no event; what changes is one, once', () => {
  const presence = createPresence();
  presence.note(card, true, 1);
  presence.begin();
  presence.note(card, true, 2);
  assert.deepEqual(presence.take(), []);
  presence.note(card, false, 3);
  presence.note(card, false, 4);
  presence.note(card, true, 5);
  assert.deepEqual(presence.take(), [
    { type: 'gpu_lost', ...card, at: 3 },
    { type: 'gpu_back', ...card, at: 5 },
  ]);
  assert.deepEqual(presence.take(), []);
});

test('a card that is lost at the start is none either, until it is back', () => {
  const presence = createPresence();
  presence.note(card, false, 1);
  presence.begin();
  assert.deepEqual(presence.take(), []);
  presence.note(card, true, 2);
  assert.deepEqual(presence.take(), [{ type: 'gpu_back', ...card, at: 2 }]);
});

test('a card that comes later has come back; cards without uuid go by their index', () => {
  const presence = createPresence();
  presence.begin();
  presence.note({ index: 1, uuid: null }, true, 7);
  presence.note({ index: 2, uuid: null }, true, 8);
  presence.xid({ index: 2, uuid: null }, 79, 9);
  assert.deepEqual(presence.take(), [
    { type: 'gpu_back', index: 1, uuid: null, at: 7 },
    { type: 'gpu_back', index: 2, uuid: null, at: 8 },
    { type: 'xid', index: 2, uuid: null, xid: 79, at: 9 },
  ]);
});
