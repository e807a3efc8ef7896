/** Models that come and go while others serve. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { driver, MB, model } from './support.ts';

describe('a model that is added', () => {
  it('is loaded for whoever asks for it, by the rules of all', () => {
    const d = driver();
    assert.deepEqual(d.said({ type: 'add', config: model('next', 100) }), []);
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'next' }), ['start next']);
    assert.deepEqual(d.ready('next'), ['grant 1']);
  });

  it('that is resident is loaded at once, where it fits', () => {
    const d = driver();
    assert.deepEqual(d.said({ type: 'add', config: model('next', 100, { residency: 'resident' }) }), ['start next']);
    assert.deepEqual(d.said({ type: 'add', config: model('huge', 240, { residency: 'resident' }) }), []);
  });

  it('has a plan before it is loaded', () => {
    const d = driver();
    d.send({ type: 'add', config: model('next', 300) });
    assert.equal(d.scheduler.plan('next', d.now()).verdict, 'never');
  });

  it('may not take another’s name, nor a device that is not there', () => {
    const d = driver();
    assert.throws(() => d.send({ type: 'add', config: model('small', 1) }), /there already/);
    assert.throws(() => d.send({ type: 'add', config: model('next', 1, { device: 'cuda:9' }) }), /no device/);
  });
});

describe('a model that becomes another kind', () => {
  it('what was resident and is on demand now goes when it is idle', () => {
    const d = driver({ models: [model('small', 100, { residency: 'resident' })] });
    d.send({ type: 'tick' });
    d.ready('small');
    d.send({ type: 'configure', config: model('small', 100, { idleTtlMs: 5000 }) });
    d.later(4999);
    assert.deepEqual(d.said({ type: 'tick' }), []);
    d.later(1);
    assert.deepEqual(d.said({ type: 'tick' }), ['stop small']);
  });

  it('keeps its requests and its process', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'configure', config: model('small', 100, { residency: 'resident' }) });
    assert.deepEqual([...(d.scheduler.models.get('small')?.active ?? [])], [1]);
    assert.equal(d.scheduler.models.get('small')?.measuredBytes, 50 * MB);
  });

  it('cannot move to another device', () => {
    const d = driver();
    assert.throws(
      () => d.send({ type: 'configure', config: model('small', 1, { device: 'cuda:0' }) }),
      /cannot become/,
    );
  });
});

describe('a model that is taken away', () => {
  it('is unknown, and its memory free', () => {
    const d = driver();
    d.send({ type: 'remove', model: 'small' });
    assert.throws(() => d.send({ type: 'request', id: 1, model: 'small' }), /no model small/);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), ['start large']);
  });

  it('not while it has a process, or anybody waits', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    assert.throws(() => d.send({ type: 'remove', model: 'small' }), /cannot be taken away/);
    d.ready('small');
    assert.throws(() => d.send({ type: 'remove', model: 'small' }), /is ready/);
    d.send({ type: 'done', id: 1 });
    d.send({ type: 'stop', model: 'small' });
    assert.throws(() => d.send({ type: 'remove', model: 'small' }), /is ending/);
    d.gone('small');
    d.send({ type: 'remove', model: 'small' });
    assert.equal(d.scheduler.models.has('small'), false);
  });
});
