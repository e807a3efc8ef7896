import assert from 'node:assert/strict';
import test from 'node:test';
import { driver, MB, model } from './support.ts';

test('a plan says what would happen, and changes nothing', () => {
  const d = driver();
  assert.equal(d.scheduler.plan('small', 0).verdict, 'now');
  d.send({ type: 'request', id: 1, model: 'small' });
  assert.equal(d.scheduler.plan('small', 0).verdict, 'loaded', 'it is on its way');
  d.ready('small');
  assert.equal(d.scheduler.plan('large', d.now()).verdict, 'wait', 'small is busy');
  d.send({ type: 'done', id: 1 });
  d.later(1000);
  const plan = d.scheduler.plan('large', d.now());
  assert.equal(plan.verdict, 'evict');
  assert.deepEqual(plan.evicts, [{ model: 'small', bytes: 100 * MB }]);
  assert.deepEqual(
    [plan.neededBytes, plan.limitBytes, plan.reservedBytes].map((b) => b / MB),
    [200, 250, 100],
  );
  assert.equal(d.scheduler.models.get('small')?.phase, 'ready');
  assert.deepEqual(d.said({ type: 'tick' }), []);
});

test('a tenant that would be asked, a model that is down, one that can never fit', () => {
  const tenant = { name: 'llm', device: 'cpu', holdsBytes: 300 * MB, reacquire: false };
  const d = driver({ budget: null, tenants: [tenant], models: [model('large', 200)] });
  d.send({ type: 'device', device: 'cpu', totalBytes: 500 * MB, foreignBytes: 300 * MB });
  const plan = d.scheduler.plan('large', 0);
  assert.equal(plan.verdict, 'release');
  assert.deepEqual(plan.releases, [{ tenant: 'llm', bytes: 300 * MB }]);
  d.send({ type: 'stop', model: 'large' });
  assert.equal(d.scheduler.plan('large', 0).verdict, 'down');
  assert.equal(driver({ models: [model('huge', 900)] }).scheduler.plan('huge', 0).verdict, 'never');
  assert.throws(() => d.scheduler.plan('nobody', 0), /no model nobody/);
});
