import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { reembedSchema } from '../../src/contract/reembed.ts';
import { newFace, unit } from '../fixtures/people-rig.ts';
import { cropOf, reembedScene, settle } from './reembed-support.ts';

const isCode = (code: string, text = /./) => ({ name: 'FacepoolError', code, message: text });

describe('people are embedded anew', () => {
  it('while the old space serves: then both are searched, new faces need both, and a swap is allowed', async () => {
    const s = reembedScene();
    for (let i = 0; i < 40; i++) await s.enrol(`person ${i}`, i);
    await s.people.createCollection('staff');
    await s.enrol('Anna', 50, 'staff');
    assert.equal(s.port.facesOnlyIn('a', 'b'), 41);
    const begun = await s.start();
    assert.deepEqual(
      [begun.state, begun.from, begun.to, begun.done, begun.total, begun.ended_at],
      ['running', 'a', 'b', 0, 41, null],
    );
    const told = reembedSchema.parse(await s.ended());
    assert.deepEqual([told.state, told.done, told.total, told.missing], ['ready', 41, 41, []]);
    assert.match(told.detail, /everybody is known in "b": recognizer may become v2/);
    assert.deepEqual(s.rollout.calls, ['swap v2 shadow 0.1 by facepool'], 'the shadow stays for those who come');
    assert.equal(s.port.facesOnlyIn('a', 'b'), 0);
    assert.equal(s.lent.now, 0);
    assert.equal((await s.gallery.match('default', 'b', [unit(107)], 1, s.signal))[0]?.[0]?.subject, 'person 7');
    assert.equal((await s.gallery.match('staff', 'b', [unit(150)], 1, s.signal))[0]?.[0]?.subject, 'Anna');
    assert.deepEqual(s.gallery.spacesOf('staff'), ['a', 'b']);
    assert.deepEqual(s.gallery.spacesBeside('a'), ['b']);
    assert.deepEqual(s.troubles, []);
  });

  it('with nobody there: nothing is loaded, and no store is made', async () => {
    const s = reembedScene();
    const told = await s.start();
    assert.deepEqual([told.state, told.done, told.total], ['ready', 0, 0]);
    assert.ok(told.ended_at !== null);
    assert.deepEqual([s.rollout.calls, s.made.stores], [[], 0]);
    assert.equal(s.reembedder.status(), told);
  });

  it('refuses what cannot be, before anything is done', async () => {
    const s = reembedScene();
    await s.enrol('Anna', 1);
    assert.equal(s.reembedder.status(), null);
    assert.equal(await s.reembedder.cancel(), null);
    await assert.rejects(s.start('v9'), isCode('not_found', /no recognizer v9/));
    await assert.rejects(s.start('v2', 'nobody'), isCode('not_found'));
    await assert.rejects(s.start('v1'), isCode('invalid_argument', /embeds in "a" as v1 does/));
    await assert.rejects(s.start('v3'), isCode('invalid_argument', /can be swapped as it is/));
    await assert.rejects(s.start('none'), isCode('invalid_argument', /makes no embeddings/));
    await assert.rejects(s.start('broken'), isCode('invalid_argument', /line 3 is no YAML/));
    s.rollout.refusal = new FacepoolError('swap_in_progress', 'another swap goes on');
    await assert.rejects(s.start(), isCode('swap_in_progress'));
    assert.equal(s.reembedder.status(), null, 'nothing was begun');
    s.rollout.refusal = null;
    await s.start();
    await assert.rejects(s.start(), isCode('conflict', /already/));
    assert.equal((await s.ended()).state, 'ready');
  });

  it('two at once: one of them', async () => {
    const s = reembedScene();
    await s.enrol('Anna', 1);
    const both = await Promise.allSettled([s.start(), s.start()]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    assert.equal((await s.ended()).state, 'ready');
    assert.equal(s.rollout.calls.length, 1);
  });

  it('without crops: says who, takes the shadow back, keeps what was made, and goes on from there', async () => {
    const s = reembedScene();
    await s.enrol('Anna', 1);
    await s.enrol('Berta', 2, 'default', null);
    await s.enrol('Berta', 3, 'default', null);
    await s.enrol('Clara', 4);
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, told.missing], ['failed', [{ collection: 'default', subject: 'Berta', faces: 2 }]]);
    assert.match(told.detail, /^2 of 4 faces cannot be embedded: .*Delete them.*people\.store_images/);
    assert.deepEqual(s.rollout.calls, ['swap v2 shadow 0.1 by facepool', 'rollback by facepool']);
    assert.deepEqual(s.gallery.spacesOf('default'), ['a'], 'nothing is said to be known that is not');
    assert.deepEqual(s.embedded, [1, 4]);
    await s.people.deleteSubject('default', 'Berta');
    const again = await s.start();
    assert.deepEqual([again.done, again.total], [2, 2]);
    assert.equal((await s.ended()).state, 'ready');
    assert.deepEqual(s.embedded, [1, 4], 'nothing is done twice');
  });

  it('a crop that is broken is as good as none; what befalls the models passes', async () => {
    let failures = 3;
    const s = reembedScene(null, {
      embed: async (_model, { jpeg }) => {
        if (jpeg[0] === 2) throw new FacepoolError('image_undecodable', 'no JPEG');
        if (failures-- > 0) throw new FacepoolError('model_failed', 'it was killed');
        return unit(100 + (jpeg[0] ?? 0));
      },
    });
    await s.enrol('Anna', 1);
    await s.enrol('Berta', 2);
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, told.done], ['failed', 1]);
    assert.deepEqual(told.missing, [{ collection: 'default', subject: 'Berta', faces: 1 }]);
  });

  it('what lasts ends it, with its reason', async () => {
    const s = reembedScene(null, { embed: () => Promise.reject(new FacepoolError('model_failed', 'it crashes')) });
    await s.enrol('Anna', 1);
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, told.detail], ['failed', 'it crashes']);
    assert.equal(s.rollout.shadow, null);
    assert.deepEqual(s.troubles, []);
  });

  it('what nobody expected is for the log, and not for the client', async () => {
    const s = reembedScene(null, { embed: () => Promise.reject(new TypeError('x is undefined')) });
    await s.enrol('Anna', 1);
    await s.start();
    assert.deepEqual((await s.ended()).detail, 'it broke off; the log says why');
    assert.deepEqual(s.troubles, ['people could not be embedded anew']);
  });

  it('a version that cannot be loaded', async () => {
    const s = reembedScene();
    await s.enrol('Anna', 1);
    s.rollout.next = 'failed';
    await s.start();
    const told = await s.ended();
    assert.deepEqual([told.state, s.embedded, s.rollout.calls.length], ['failed', [], 1]);
    assert.match(told.detail, /^v2 could not be loaded beside what serves: its golden probe/);
  });
});

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

it('a face in both spaces is a face in both searches', async () => {
  const s = reembedScene();
  await s.enrol('Anna', 1);
  await s.start();
  await s.ended();
  await assert.rejects(s.gallery.add(newFace('late', 9, { crop: cropOf(9) })), isCode('space_mismatch'));
  const embeddings = new Map([
    ['a', unit(9)],
    ['b', unit(109)],
  ]);
  await s.gallery.add(newFace('late', 9, { embeddings }));
  assert.equal((await s.gallery.match('default', 'b', [unit(109)], 1, s.signal))[0]?.[0]?.subject, 'late');
});
