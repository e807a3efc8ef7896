/** The memory scheduler, step by step: each test is a sentence of src/scheduler/DESIGN.md. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { driver, MB, model } from './support.ts';

describe('a request', () => {
  it('loads its model and is granted when it is ready', () => {
    const d = driver();
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'small' }), ['start small']);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'small' }), [], 'one start for all who wait');
    assert.deepEqual(d.ready('small'), ['grant 1', 'grant 2']);
    assert.deepEqual(d.said({ type: 'request', id: 3, model: 'small' }), ['grant 3'], 'at once from here on');
  });

  it('that was cancelled is owed no answer', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.send({ type: 'cancel', id: 1 });
    assert.deepEqual(d.ready('small'), []);
  });

  it('is refused after the longest wait, with a time to come again', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.later(10_000);
    const [refused] = d.send({ type: 'tick' });
    assert.ok(refused?.type === 'refuse' && refused.code === 'memory_exhausted');
    assert.ok(refused.retryAfterMs >= 1000 && refused.retryAfterMs <= 60_000);
  });

  it('for a model that is stopped, missing or failed is refused at once', () => {
    for (const outcome of ['missing', 'failed'] as const) {
      const d = driver();
      d.send({ type: 'request', id: 1, model: 'small' });
      assert.deepEqual(d.said({ type: 'ended', model: 'small', outcome }), [`refuse 1 model_${outcome}`]);
      assert.deepEqual(d.said({ type: 'request', id: 2, model: 'small' }), [`refuse 2 model_${outcome}`]);
    }
    const d = driver();
    d.send({ type: 'stop', model: 'small' });
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'small' }), ['refuse 1 model_stopped']);
  });

  it('that came twice is a fault of the caller', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    assert.throws(() => d.send({ type: 'request', id: 1, model: 'small' }), /came twice/);
    assert.throws(() => d.send({ type: 'request', id: 2, model: 'none' }), /no model none/);
  });
});

describe('memory', () => {
  it('is made by evicting who is idle; the next one starts when the bytes are back', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'done', id: 1 });
    d.later(1000);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), ['stop small']);
    assert.deepEqual(d.said({ type: 'ended', model: 'small', outcome: 'asked' }), [], 'ended, but not seen to be back');
    assert.deepEqual(d.said({ type: 'freed', model: 'small' }), ['start large']);
  });

  it('is never taken from the busy: an overdue request holds newcomers back until they are idle', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), []);
    d.later(2000);
    assert.deepEqual(d.said({ type: 'request', id: 3, model: 'small' }), [], 'held');
    assert.deepEqual(d.said({ type: 'done', id: 1 }), ['stop small']);
    assert.deepEqual(d.gone('small'), ['start large']);
  });

  it('larger than the budget is refused at once', () => {
    const d = driver({ budget: 150 });
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'large' }), ['refuse 1 memory_exhausted']);
  });

  it('that others took is given back by who is idle', () => {
    const d = driver({ budget: null });
    d.send({ type: 'device', device: 'cpu', totalBytes: 500 * MB, foreignBytes: 0 });
    d.send({ type: 'request', id: 1, model: 'large' });
    d.ready('large');
    d.send({ type: 'done', id: 1 });
    d.later(1000);
    assert.deepEqual(d.said({ type: 'device', device: 'cpu', totalBytes: 500 * MB, foreignBytes: 300 * MB }), [
      'stop large',
    ]);
  });

  it('that a load ran out of is tried once more after a wait, then refused', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.send({ type: 'ended', model: 'small', outcome: 'oom' });
    assert.deepEqual(d.said({ type: 'freed', model: 'small' }), [], 'not before the wait is over');
    d.later(1000);
    assert.deepEqual(d.said({ type: 'tick' }), ['start small']);
    assert.equal(d.scheduler.models.get('small')?.oomBytes, 125 * MB, 'a quarter more');
    assert.deepEqual(d.said({ type: 'ended', model: 'small', outcome: 'oom' }), ['refuse 1 memory_exhausted']);
    assert.equal(d.scheduler.models.get('small')?.oomBytes, 0, 'a guess is not kept for ever');
  });

  it('of a worker that crashed stays reserved, and its successor has to show its peak again', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'lost', model: 'small' });
    const small = d.scheduler.models.get('small');
    assert.equal(small?.phase, 'starting');
    assert.equal(small?.served, 0);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'small' }), [], 'waits for the successor');
    d.send({ type: 'done', id: 1 });
    assert.deepEqual(d.said({ type: 'ready', model: 'small', bytes: 10 * MB }), ['grant 2']);
  });

  it('of a model whose limit is below what it holds when fresh is not recycled for ever', () => {
    const d = driver({ models: [model('small', 100, { limitBytes: 50 * MB })] });
    d.send({ type: 'request', id: 1, model: 'small' });
    d.send({ type: 'ready', model: 'small', bytes: 60 * MB });
    assert.deepEqual(d.said({ type: 'measured', model: 'small', bytes: 70 * MB }), []);
  });

  it('is given back before a restart that was asked for while the worker ended', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'done', id: 1 });
    assert.deepEqual(d.said({ type: 'unload', model: 'small' }), ['stop small']);
    assert.deepEqual(d.said({ type: 'restart', model: 'small' }), []);
    d.send({ type: 'ended', model: 'small', outcome: 'asked' });
    assert.deepEqual(d.said({ type: 'freed', model: 'small' }), ['start small']);
    d.ready('small');
    assert.deepEqual(d.said({ type: 'restart', model: 'small' }), ['recycle small']);
    assert.equal(d.scheduler.models.get('small')?.phase, 'starting');
  });

  it('over the limit of a model means a fresh worker', () => {
    const d = driver({ models: [model('small', 100, { limitBytes: 120 * MB })] });
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    assert.deepEqual(d.said({ type: 'measured', model: 'small', bytes: 130 * MB }), ['recycle small']);
    assert.deepEqual(d.said({ type: 'measured', model: 'small', bytes: 130 * MB }), [], 'once');
  });
});

describe('who is not needed', () => {
  it('goes after idle_ttl, and the scheduler asks to be woken then', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    d.send({ type: 'done', id: 1 });
    d.later(59_999);
    assert.deepEqual(d.said({ type: 'tick' }), []);
    assert.equal(d.scheduler.wakeAt(d.now()), 60_000);
    d.later(1);
    assert.deepEqual(d.said({ type: 'tick' }), ['stop small']);
  });

  it('stays while it is pinned, and while it is resident', () => {
    const d = driver({ models: [model('small', 100, { pinned: true }), model('kept', 50, { residency: 'resident' })] });
    assert.deepEqual(d.said({ type: 'tick' }), ['start kept']);
    d.ready('kept');
    d.send({ type: 'load', model: 'small' });
    d.ready('small');
    d.later(600_000);
    assert.deepEqual(d.said({ type: 'tick' }), []);
    assert.deepEqual(d.said({ type: 'unpin', model: 'small' }), ['stop small']);
  });

  it('goes when a person unloads it, once it is idle', () => {
    const d = driver();
    d.send({ type: 'request', id: 1, model: 'small' });
    d.ready('small');
    assert.deepEqual(d.said({ type: 'unload', model: 'small' }), []);
    assert.deepEqual(d.said({ type: 'done', id: 1 }), ['stop small']);
  });
});

describe('a tenant', () => {
  const tenant = { name: 'llm', device: 'cpu', holdsBytes: 300 * MB, reacquire: true };
  const sample = (d: ReturnType<typeof driver>, foreign: number): string[] =>
    d.said({ type: 'device', device: 'cpu', totalBytes: 500 * MB, foreignBytes: foreign * MB });

  it('is asked when nothing else helps; the load waits for the bytes; it may come back at the end', () => {
    const d = driver({ budget: null, tenants: [tenant] });
    sample(d, 300);
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'large' }), ['release llm']);
    assert.deepEqual(d.said({ type: 'tenant', tenant: 'llm', state: 'released' }), [], 'not seen yet');
    assert.deepEqual(sample(d, 0), ['start large']);
    d.ready('large');
    d.send({ type: 'done', id: 1 });
    d.later(60_000);
    assert.deepEqual(d.said({ type: 'tick' }), ['stop large']);
    assert.deepEqual(d.gone('large'), ['reacquire llm']);
  });

  it('that fails is not asked again for a while', () => {
    const d = driver({ budget: null, tenants: [tenant] });
    sample(d, 300);
    d.send({ type: 'request', id: 1, model: 'large' });
    assert.deepEqual(d.said({ type: 'tenant', tenant: 'llm', state: 'failed' }), []);
    assert.deepEqual(d.said({ type: 'request', id: 2, model: 'large' }), []);
  });

  it('that needs no word to come back is asked in every cycle', () => {
    const d = driver({ budget: null, tenants: [{ ...tenant, reacquire: false }] });
    for (let cycle = 0; cycle < 3; cycle++) {
      sample(d, 300);
      const id = 100 + cycle;
      assert.deepEqual(d.said({ type: 'request', id, model: 'large' }), ['release llm'], `cycle ${cycle}`);
      d.send({ type: 'tenant', tenant: 'llm', state: 'released' });
      assert.deepEqual(sample(d, 0), ['start large']);
      d.ready('large');
      d.send({ type: 'done', id });
      d.later(60_000);
      assert.deepEqual(d.said({ type: 'tick' }), ['stop large']);
      d.gone('large');
    }
  });

  it('that does not take its memory back is not told again at once', () => {
    const d = driver({ budget: null, tenants: [tenant] });
    sample(d, 300);
    d.send({ type: 'request', id: 1, model: 'large' });
    d.send({ type: 'tenant', tenant: 'llm', state: 'released' });
    sample(d, 0);
    d.ready('large');
    d.send({ type: 'done', id: 1 });
    d.later(60_000);
    d.send({ type: 'tick' });
    assert.deepEqual(d.gone('large'), ['reacquire llm']);
    assert.deepEqual(d.said({ type: 'tenant', tenant: 'llm', state: 'released' }), [], 'it did not answer');
    assert.deepEqual(sample(d, 0), []);
    d.later(60_000);
    assert.deepEqual(d.said({ type: 'tick' }), ['reacquire llm']);
  });

  it('gets its memory back although it is more than our own budget', () => {
    const d = driver({ budget: 210 * MB, tenants: [tenant] });
    sample(d, 300);
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'large' }), ['release llm']);
    d.send({ type: 'tenant', tenant: 'llm', state: 'released' });
    assert.deepEqual(sample(d, 0), ['start large']);
    d.ready('large');
    d.send({ type: 'done', id: 1 });
    d.later(60_000);
    d.send({ type: 'tick' });
    assert.deepEqual(d.gone('large'), ['reacquire llm']);
  });

  it('stays as it is while there is room', () => {
    const d = driver({ budget: null, tenants: [tenant] });
    sample(d, 300);
    assert.deepEqual(d.said({ type: 'request', id: 1, model: 'small' }), ['start small']);
  });
});
