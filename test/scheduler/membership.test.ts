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

describe('a model whose process is renewed', () => {
  const other = model('small', 100, { priority: 5 });

  it('is replaced in place, and its requests wait for the new process', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    assert.deepEqual(d.said({ type: 'configure', config: other, renews: true }), ['recycle small']);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'small' }), []);
    assert.deepEqual(d.ready('small'), ['grant 2']);
    assert.equal(d.scheduler.models.get('small')?.config.priority, 5);
  });

  it('stays unloaded where it is not loaded, and stopped where a person stopped it', () => {
    const d = driver();
    assert.deepEqual(d.said({ type: 'configure', config: other, renews: true }), []);
    d.send({ type: 'stop', model: 'small' });
    assert.deepEqual(d.said({ type: 'configure', config: other, renews: true }), []);
    assert.equal(d.scheduler.models.get('small')?.down, 'stopped');
  });

  it('is tried again where it had failed', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.send({ type: 'ended', model: 'small', outcome: 'failed' });
    d.send({ type: 'freed', model: 'small' });
    assert.deepEqual(d.said({ type: 'configure', config: other, renews: true }), ['start small']);
  });

  it('counts on its new device; one that is not there is refused, and then nothing has changed', () => {
    const cpu = { name: 'cpu', budgetBytes: 250 * MB, headroomBytes: 0 };
    const d = driver({ devices: [cpu, { ...cpu, name: 'cuda:0', budgetBytes: 120 * MB }] });
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    const moved = model('small', 100, { device: 'cuda:0' });
    assert.throws(
      () => d.send({ type: 'configure', config: { ...moved, device: 'cuda:9' }, renews: true }),
      /no device/,
    );
    assert.equal(d.scheduler.models.get('small')?.config.device, 'cpu');
    assert.deepEqual(d.said({ type: 'configure', config: moved, renews: true }), ['recycle small']);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), ['start large']);
    assert.deepEqual(d.ready('small'), []);
  });
});

describe('a budget that changes', () => {
  const budget = (megabytes: number) => ({ name: 'cpu', budgetBytes: megabytes * MB, headroomBytes: 0 });

  it('lets in who waited for it', () => {
    const d = driver({ budget: 150 });
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), ['refuse 2 memory_exhausted']);
    assert.deepEqual(d.said({ type: 'budget', config: budget(400) }), []);
    assert.deepEqual(d.said({ type: 'request', id: 3, model: 'large' }), ['start large']);
  });

  it('takes back from the idle what is over it', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'done', id: 1 });
    d.later(5000);
    assert.deepEqual(d.said({ type: 'budget', config: budget(60) }), ['stop small']);
  });

  it('is refused for a device that is not there', () => {
    const d = driver();
    assert.throws(() => d.send({ type: 'budget', config: { ...budget(1), name: 'cuda:9' } }), /no device/);
  });
});
