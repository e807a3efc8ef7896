/** What happens to people, to the version and to the server while people are embedded anew. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { unit } from '../fixtures/people-rig.ts';
import { reembedScene, settle } from './reembed-support.ts';

const isCode = (code: string, text = /./) => ({ name: 'FacepoolError', code, message: text });

describe('meanwhile', () => {
  /** Stops at the first crop until `go`. */
  function held() {
    const gate = Promise.withResolvers<void>();
    const s = reembedScene(null, {
      embed: async (_model, { jpeg }, signal) => {
        await Promise.race([
          gate.promise,
          new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason))),
        ]);
        return unit(100 + (jpeg[0] ?? 0));
      },
    });
    return { ...s, go: () => gate.resolve() };
  }

  it('who is enrolled is embedded too; who goes is not looked for; names change', async () => {
    const s = held();
    for (let i = 0; i < 20; i++) await s.enrol(`person ${i}`, i);
    await s.start();
    await settle();
    await s.enrol('late', 60);
    await s.people.deleteSubject('default', 'person 0');
    await s.people.deleteSubject('default', 'person 19');
    await s.people.changeSubject('default', 'person 1', { subject: 'Anna', merge: false });
    await s.people.changeSubject('default', 'person 2', { subject: 'Anna', merge: true });
    s.go();
    const told = await s.ended();
    assert.deepEqual([told.state, told.done, told.total], ['ready', 19, 19]);
    const who = async (seed: number) =>
      (await s.gallery.match('default', 'b', [unit(100 + seed)], 1, s.signal))[0]?.[0];
    assert.equal((await who(60))?.subject, 'late');
    assert.deepEqual([(await who(1))?.subject, (await who(2))?.subject], ['Anna', 'Anna']);
    assert.ok(((await who(19))?.cosine ?? 0) < 0.999);
  });

  it('who slips in between the walk and its end is caught by another walk', async () => {
    let late = 3;
    const s = reembedScene(null, {
      port: (real) => ({
        complete: async (from, to) => {
          if (late > 0) await s.enrol('late', 70 + late--);
          return real.complete(from, to);
        },
      }),
    });
    await s.enrol('Anna', 1);
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, told.done, s.embedded], ['ready', 4, [1, 73, 72, 71]]);
  });

  it('those without a crop who are deleted before they are named do not stand in the way', async () => {
    const s = reembedScene(null, {
      port: (real) => ({
        whose: async (faces) => {
          await s.people.deleteSubject('default', 'Berta');
          return real.whose(faces);
        },
      }),
    });
    await s.enrol('Anna', 1);
    await s.enrol('Berta', 2, 'default', null);
    await s.start();
    assert.equal((await s.ended()).state, 'ready');
  });

  it('people who come faster than they are embedded end it', async () => {
    const s = reembedScene(null, { port: () => ({ complete: async () => ({ complete: [], not: ['default'] }) }) });
    await s.enrol('Anna', 1);
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, told.detail], ['failed', 'faces are enrolled faster than they are embedded anew']);
  });

  it('it is cancelled: the shadow goes, what was made stays', async () => {
    const s = held();
    await s.enrol('Anna', 1);
    await s.start();
    await settle();
    assert.equal(s.lent.now, 1);
    const told = await s.reembedder.cancel();
    assert.deepEqual([told?.state, told?.detail], ['cancelled', 'it was cancelled']);
    assert.ok(told?.ended_at !== null);
    assert.deepEqual([s.lent.now, s.rollout.shadow, s.rollout.calls.at(-1)], [0, null, 'rollback by facepool']);
    assert.deepEqual(s.gallery.spacesOf('default'), ['a']);
    assert.equal(await s.reembedder.cancel(), told, 'once more changes nothing');
  });

  it('it is cancelled while the version is loaded', async () => {
    const s = reembedScene();
    await s.enrol('Anna', 1);
    s.rollout.next = null;
    await s.start();
    await settle();
    assert.equal((await s.reembedder.cancel())?.state, 'cancelled');
    assert.equal(s.rollout.calls.at(-1), 'rollback by facepool');
    assert.deepEqual(s.embedded, []);
  });

  it('somebody takes the shadow back: it ends, and says so', async () => {
    const s = held();
    await s.enrol('Anna', 1);
    await s.start();
    await settle();
    await s.rollout.rollback('recognizer', { by: 'Berta', why: 'too slow' });
    const told = await s.ended();
    assert.deepEqual([told.state, told.detail], ['failed', 'v2 was taken back: too slow']);
    assert.deepEqual(s.rollout.calls.at(-1), 'rollback by Berta', 'and nothing else is');
  });

  it('the server ends: the shadow stays, and a job after the restart takes it and ends it', async () => {
    const s = held();
    await s.enrol('Anna', 1);
    await s.start();
    await settle();
    await s.reembedder.close();
    assert.deepEqual([s.reembedder.status()?.state, s.rollout.shadow?.version], ['cancelled', 'v2']);
    assert.equal(s.rollout.calls.length, 1);
    await assert.rejects(s.start(), isCode('shutting_down'));

    // After it the trial is resumed as a swap by the server itself.
    const after = reembedScene(null, { embed: () => Promise.reject(new FacepoolError('poison_input', 'it crashes')) });
    await after.enrol('Anna', 1);
    after.rollout.history.push(...s.rollout.history);
    after.rollout.shadow = s.rollout.shadow;
    after.rollout.swapNow = null;
    after.rollout.next = null;
    const { id } = await after.rollout.swap('recognizer', { ...AUTOMATIC, version: 'v2' }, 'facepool');
    await after.start();
    await settle();
    assert.deepEqual([after.embedded, after.rollout.calls.length], [[], 1], 'it waits until the version is there');
    after.rollout.end('live');
    const told = await after.ended();
    assert.deepEqual([told.state, told.missing.length], ['failed', 1]);
    assert.equal(after.rollout.calls.at(-1), 'rollback by facepool', `${id} was ours`);
  });

  it('nothing is written when people are gone in the middle', async () => {
    const s = held();
    await s.enrol('Anna', 1);
    await s.start();
    await settle();
    await s.gallery.opening.close();
    s.go();
    const told = await s.ended();
    assert.equal(told.state, 'failed');
    assert.match(told.detail, /shutting down/);
  });
});

const AUTOMATIC = {
  strategy: 'shadow',
  percent: 0.1,
  auto_rollback: false,
  allow_evict: true,
  allow_gap: false,
  why: 'after a restart',
} as const;
