import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { reembedSchema } from '../../src/contract/reembed.ts';
import { newFace, unit } from '../fixtures/people-rig.ts';
import { cropOf, reembedScene } from './reembed-support.ts';

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

  it('a shadow that cannot be taken back, on a full disk for example, is told', async () => {
    const s = reembedScene(null, {
      embed: () => Promise.reject(new FacepoolError('storage_full', 'the disk is full')),
    });
    await s.enrol('Anna', 1);
    s.rollout.rollback = () => Promise.reject(new FacepoolError('storage_full', 'the aliases cannot be written'));
    await s.start();
    const told = await s.ended();
    assert.equal(told.state, 'failed');
    assert.match(told.detail, /^the disk is full; v2 is still a shadow, .*: facepool rollback recognizer$/);
    assert.deepEqual(s.troubles, ['the shadow of recognizer could not be taken back']);
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
