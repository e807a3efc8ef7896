/** Settings that a reload changes are in force at the next use: whoever keeps a copy of one would not see it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { poisonMemory } from '../../src/pipeline/poison-memory.ts';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene } from './reload-support.ts';
import { job } from './support.ts';

const isCode = (code: string) => (error: unknown) => error instanceof FacepoolError && error.code === code;

it('how many may wait for a model', async (t) => {
  const { reload, write, routers, supervisor, processOf } = await reloadScene(t);
  const detector = processOf('detector');
  const { onSent } = detector;
  detector.onSent = (message) => {
    if (message.type !== 'infer') onSent(message);
  };
  const session = routers.begin('anna');
  t.after(() => session.end());
  const abort = new AbortController();
  const ask = () => session.model('detector')?.router.infer(job(abort.signal)) ?? Promise.reject(new Error('no model'));
  const waiting = Array.from({ length: 5 }, () => ask().catch(() => {}));
  await settle();
  write((next) => {
    next.limits.queue = 3;
  });
  await reload.reload(false);
  await assert.rejects(ask(), isCode('queue_full'));
  write((next) => {
    next.limits.queue = 4;
  });
  await settle();
  await reload.reload(false);
  waiting.push(ask().catch(() => {}));
  await settle();
  assert.equal(supervisor.queueLength('detector'), 4);
  abort.abort(new Error('over'));
  await Promise.all(waiting);
});

it('how many may wait for a model that is not loaded', async (t) => {
  const { reload, write, supervisor, settings } = await reloadScene(t);
  settings.limits.queue = 0;
  await assert.rejects(supervisor.residency.acquire('detector', new AbortController().signal), isCode('queue_full'));
  write((next) => {
    next.limits.queue = 2;
  });
  await reload.reload(false);
  (await supervisor.residency.acquire('detector', new AbortController().signal)).release();
});

it('how long a start may take, and a request may wait for memory', async (t) => {
  const { reload, write, detector, until, told, clock } = await reloadScene(t);
  write((next) => {
    next.workers.start_timeout_ms = 77;
    next.workers.start_retries = 0;
    next.memory.max_wait_ms = 10_000;
  });
  await reload.reload(false);
  await settle();
  detector({ version: 'silent' });
  const begun = clock.now();
  await reload.reload(false);
  await until('it has failed', () => told.length === 3);
  assert.match(told[2]?.detail ?? '', /not ready within 77 ms/);
  assert.ok(clock.now() - begun < 5000);
});

it('how long a picture that crashed workers is remembered', async (t) => {
  const { settings, clock } = await reloadScene(t);
  const poison = poisonMemory(settings, clock);
  const picture = Buffer.from('a picture');
  const crash = (): void => {
    const charges = poison.trial(picture).of('detector@v1');
    charges.count += 1;
    charges.onCharged?.({});
  };
  settings.workers.max_attempts = 1;
  crash();
  assert.throws(() => poison.trial(picture).check(['detector@v1']), isCode('poison_input'));
  settings.workers.max_attempts = 2;
  poison.trial(picture).check(['detector@v1']);
});
