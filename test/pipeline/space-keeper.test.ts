import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Swap } from '../../src/contract/rollout.ts';
import { createReembedPort } from '../../src/gallery/reembed-port.ts';
import { keepSpaces, tidySpaces } from '../../src/pipeline/space-keeper.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';
import { fakeRollout, settle } from './reembed-support.ts';

const KEEP_WARM_MS = 5000;
const SWAP: Swap = {
  id: 's',
  model: 'recognizer',
  from: 'v1',
  to: 'v2',
  strategy: 'immediate',
  percent: null,
  state: 'running',
  reason: '',
  by: 'anna',
  started: '',
  ended: null,
  attempts: 1,
  gap_ms: null,
  steps: [],
};

/** One person in both spaces; with `unfinished`, in the second only as far as the job came. */
async function setUp(unfinished = false) {
  const rig = peopleRig();
  const { gallery, clock } = rig;
  const rollout = fakeRollout();
  // Only versions that can be read.
  rollout.rows.splice(3);
  const real = createReembedPort(gallery);
  const { face_id: faceId } = await gallery.add(newFace('Anna', 1));
  await gallery.add(newFace('Berta', 2));
  const rest = (await real.facesWithout('a', 'b', faceId, 9)).map((face) => face.faceId);
  for (const id of unfinished ? [faceId] : [faceId, ...rest]) {
    await real.addVectors({ space: 'b', dim: 4 }, [{ faceId: id, vector: unit(100) }]);
  }
  if (!unfinished) await real.complete('a', 'b');
  const calls: string[] = [];
  let refusal: Error | null = null;
  const port = {
    ...real,
    spaces: async () => {
      calls.push('look');
      if (refusal !== null) throw refusal;
      return real.spaces();
    },
    preferSpace: async (space: string) => {
      calls.push(`prefer ${space}`);
      await real.preferSpace(space);
    },
    dropSpace: async (space: string) => {
      calls.push(`drop ${space}`);
      await real.dropSpace(space);
    },
  };
  const held = new Map<string, number>();
  const troubles: string[] = [];
  const events = createEvents(() => {});
  const models = ['recognizer'];
  const deps = {
    port,
    rollout,
    ports: { entryOf: (_: string, version: string) => `entry ${version}` },
    held: (entry: string) => held.get(entry) ?? 0,
    recognizers: () => models,
    events,
    settings: { rollout: { ...rig.settings.rollout, keep_warm_ms: KEEP_WARM_MS } },
    clock,
    onTrouble: (what: string) => troubles.push(what),
  };
  const ended = (result: 'ok' | 'failed' | 'rolled_back', model = 'recognizer') => {
    events.emit('swap.end', { model, from: 'v1', to: 'v2', result, seconds: 1, reason: '', at: 0 });
    return settle();
  };
  const spaces = () => gallery.spacesOf('default');
  const refuse = (error: Error | null): void => void (refusal = error);
  return { ...rig, deps, rollout, held, calls, ended, spaces, refuse, troubles, models, real };
}

describe('the spaces that people are kept in', () => {
  it('follow a swap: the new one first, the old one as long as a rollback is quick', async () => {
    const s = await setUp();
    s.rollout.shadow = { version: 'v2', percent: 0.1 };
    const keeper = keepSpaces(s.deps);
    await settle();
    assert.deepEqual(s.spaces(), ['a', 'b']);
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1', shadow: null });
    await s.ended('ok');
    assert.deepEqual(s.spaces(), ['b', 'a']);
    s.clock.advance(KEEP_WARM_MS - 1);
    await settle();
    assert.deepEqual(s.spaces(), ['b', 'a']);
    s.clock.advance(1);
    await settle();
    assert.deepEqual(s.spaces(), ['b']);
    keeper.end();
    assert.equal(s.clock.pending, 0);
    await s.ended('ok');
    assert.ok(!s.calls.slice(-1).includes('prefer a'));
  });

  it('follow the way back, and what goes then is the other one', async () => {
    const s = await setUp();
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1' });
    const keeper = keepSpaces(s.deps);
    await settle();
    assert.deepEqual(s.spaces(), ['b', 'a']);
    s.clock.advance(KEEP_WARM_MS - 1);
    Object.assign(s.rollout, { stable: 'v1', previous: 'v2' });
    // Also where the new version was taken back while the old one still ended its requests.
    await s.ended('rolled_back');
    assert.deepEqual(s.spaces(), ['a', 'b'], 'requests that began with it end with it');
    s.clock.advance(KEEP_WARM_MS);
    await settle();
    assert.deepEqual(s.spaces(), ['a']);
    keeper.end();
  });

  it('a later swap has a way back of its own', async () => {
    const s = await setUp();
    s.rollout.shadow = { version: 'v2', percent: 0.1 };
    const keeper = keepSpaces(s.deps);
    await settle();
    s.clock.advance(10 * KEEP_WARM_MS);
    await settle();
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1', shadow: null });
    await s.ended('ok');
    s.clock.advance(KEEP_WARM_MS - 1);
    await keeper.look();
    assert.deepEqual(s.spaces(), ['b', 'a']);
    keeper.end();
  });

  it('a trial that ends does not take the way back with it', async () => {
    const s = await setUp();
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1' });
    const keeper = keepSpaces(s.deps);
    await s.ended('ok');
    s.clock.advance(KEEP_WARM_MS - 1);
    for (const result of ['failed', 'rolled_back'] as const) await s.ended(result);
    s.clock.advance(KEEP_WARM_MS - 1);
    await settle();
    assert.deepEqual(s.spaces(), ['b', 'a']);
    keeper.end();
  });

  it('a shadow or canary that is taken back goes with its space, when its requests have ended', async () => {
    const s = await setUp();
    s.rollout.canary = { version: 'v2', percent: 10 };
    const keeper = keepSpaces(s.deps);
    await settle();
    s.rollout.canary = null;
    s.held.set('entry v2', 1);
    await s.ended('rolled_back');
    assert.deepEqual(s.spaces(), ['a', 'b']);
    s.clock.advance(1000);
    await settle();
    assert.deepEqual(s.spaces(), ['a', 'b'], 'one still works with it');
    s.held.set('entry v2', 0);
    s.clock.advance(1000);
    await settle();
    assert.deepEqual(s.spaces(), ['a']);
    keeper.end();
  });

  it('what is left of a server that was killed is tidied at its next start', async () => {
    const s = await setUp();
    const keeper = keepSpaces(s.deps);
    await settle();
    assert.deepEqual(s.spaces(), ['a'], 'no alias means a version of it');
    keeper.end();
  });

  it('people who cannot be asked yet are asked again, and nobody is bothered', async () => {
    const s = await setUp();
    s.refuse(new FacepoolError('people_unavailable', 'they are being read'));
    const keeper = keepSpaces(s.deps);
    await settle();
    s.clock.advance(1000);
    await settle();
    assert.deepEqual([s.calls, s.troubles], [['look', 'look'], []]);
    s.refuse(null);
    s.clock.advance(1000);
    await settle();
    assert.deepEqual(s.spaces(), ['a']);
    s.refuse(new Error('the disk'));
    await keeper.look();
    assert.deepEqual(s.troubles, ['the embeddings of people could not be tidied']);
    keeper.end();
    s.refuse(new FacepoolError('people_unavailable', 'closed'));
    await keeper.look();
    assert.equal(s.clock.pending, 0);
  });

  it('a rollback on a full disk is followed as soon as there is room, and the log says it once', async () => {
    const s = await setUp();
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1' });
    const keeper = keepSpaces(s.deps);
    await settle();
    Object.assign(s.rollout, { stable: 'v1', previous: 'v2' });
    s.refuse(new FacepoolError('storage_full', 'the disk is full'));
    await s.ended('ok');
    for (let i = 0; i < 3; i++) {
      s.clock.advance(60_000);
      await settle();
    }
    assert.deepEqual([s.spaces(), s.troubles.length], [['b', 'a'], 1]);
    s.refuse(null);
    s.clock.advance(60_000);
    await settle();
    assert.deepEqual(s.spaces(), ['a'], 'also what was to go meanwhile');
    s.refuse(new FacepoolError('storage_full', 'the disk is full'));
    await keeper.look();
    assert.equal(s.troubles.length, 2, 'the next time is told again');
    keeper.end();
    assert.equal(s.clock.pending, 0);
  });

  it('only recognizers matter', async () => {
    const s = await setUp();
    s.rollout.shadow = { version: 'v2', percent: 10 };
    const keeper = keepSpaces(s.deps);
    await settle();
    const looks = s.calls.length;
    await s.ended('ok', 'detector');
    assert.equal(s.calls.length, looks);
    keeper.end();
  });
});

describe('nothing is thrown away', () => {
  it('on a guess: an alias means what cannot be read, or is not there', async () => {
    for (const change of [{ canary: { version: 'odd', percent: 1 } }, { stable: 'gone' }, { stable: 'odd' }]) {
      const s = await setUp();
      s.rollout.rows.push({ version: 'odd', space: null, problem: 'line 3' });
      Object.assign(s.rollout, change);
      assert.equal(await tidySpaces(s.deps, false), 'tidy');
      assert.deepEqual(s.spaces(), ['a', 'b'], JSON.stringify(change));
    }
    const nobody = await setUp();
    nobody.models.length = 0;
    await tidySpaces(nobody.deps, false);
    assert.deepEqual(nobody.spaces(), ['a', 'b']);
  });

  it('that a swap which has begun was allowed for', async () => {
    const s = await setUp();
    Object.assign(s.rollout, { stable: 'v1', previous: 'v2', swapNow: SWAP });
    await tidySpaces(s.deps, false);
    assert.deepEqual(s.spaces(), ['a', 'b']);
    s.rollout.swapNow = null;
    await tidySpaces(s.deps, false);
    assert.deepEqual(s.spaces(), ['a']);
  });

  it('that a job which broke off has made, as long as its version is registered', async () => {
    const s = await setUp(true);
    await tidySpaces(s.deps, false);
    assert.equal(await s.real.vectorsIn('b'), 1);
    s.rollout.rows.push({ version: 'odd', space: null, problem: 'it may be of that space' });
    s.rollout.rows.splice(1, 1);
    await tidySpaces(s.deps, false);
    assert.equal(await s.real.vectorsIn('b'), 1);
    s.rollout.rows.pop();
    await tidySpaces(s.deps, false);
    assert.deepEqual([await s.real.vectorsIn('b'), s.spaces()], [0, ['a']]);
  });

  it('of those who know nothing else', async () => {
    const s = await setUp(true);
    Object.assign(s.rollout, { stable: 'v2' });
    await tidySpaces(s.deps, false);
    assert.deepEqual(s.spaces(), ['a']);
    assert.equal((await s.gallery.match('default', 'a', [unit(1)], 1, s.signal))[0]?.[0]?.subject, 'Anna');
  });

  it('for a way back that was removed nothing is kept', async () => {
    const s = await setUp();
    Object.assign(s.rollout, { stable: 'v2', previous: 'v1' });
    s.rollout.rows.splice(0, 1);
    await tidySpaces(s.deps, true);
    assert.deepEqual(s.spaces(), ['b']);
  });
});
