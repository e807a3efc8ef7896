/** What is told of a model's memory, and when waiting for it is over. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isModelSettled, refusal, viewDevices, viewModel } from '../../src/supervisor/resident.ts';
import { driver, MB } from '../scheduler/support.ts';

test('a model and its device, before and after it is loaded', () => {
  const d = driver();
  const view = () => viewModel(d.scheduler, 'small');
  assert.deepEqual(view(), { phase: 'unloaded', pinned: false, reservedBytes: 0, inUse: 0, waiting: 0 });
  d.send({ type: 'request', id: 1, model: 'small' });
  assert.deepEqual([view()?.phase, view()?.waiting, view()?.reservedBytes], ['starting', 1, 100 * MB]);
  d.ready('small');
  assert.deepEqual([view()?.phase, view()?.inUse], ['ready', 1]);
  assert.deepEqual(viewDevices(d.scheduler), [
    { name: 'cpu', limitBytes: 250 * MB, reservedBytes: 100 * MB, foreignBytes: 0 },
  ]);
  assert.equal(viewModel(d.scheduler, 'nobody'), null);
});

test('waiting for a load ends when it serves, is down, or was given up', () => {
  const d = driver();
  const settled = (wanted: 'up' | 'down') => isModelSettled(d.scheduler.models.get('small'), wanted);
  assert.ok(settled('up'), 'nobody asks for it');
  d.send({ type: 'load', model: 'small' });
  assert.ok(!settled('up'));
  d.ready('small');
  assert.ok(settled('up') && settled('down'));
  d.send({ type: 'unload', model: 'small' });
  assert.ok(!settled('down'), 'its process is on the way out');
  d.gone('small');
  assert.ok(settled('down'));
  for (let i = 0; i < 2; i++) {
    d.later(20_000);
    d.send({ type: 'load', model: 'small' });
    d.send({ type: 'ended', model: 'small', outcome: 'oom' });
    d.send({ type: 'freed', model: 'small' });
  }
  assert.ok(settled('up'), 'there was no memory twice');
  assert.ok(isModelSettled(undefined, 'up'));
});

test('a refusal says what a client can do', () => {
  assert.equal(refusal('m', 'memory_exhausted', '', 7).retryAfterS, 7);
  assert.match(refusal('m', 'model_missing', 'no weights', undefined).message, /no weights/);
  assert.match(refusal('m', 'model_stopped', '', undefined).message, /facepool start m/);
  assert.match(refusal('m', 'model_failed', '', undefined).message, /facepool logs m/);
});
