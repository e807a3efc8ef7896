import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { EmbedIn } from '../../src/pipeline/deps.ts';
import { enrol } from '../../src/pipeline/enrol.ts';
import { spaceModels } from '../../src/pipeline/enrol-spaces.ts';
import { modelOf } from '../../src/pipeline/deps.ts';
import { fakePipeline, RECOGNIZER, request } from '../fixtures/pipeline.ts';

const OTHER = {
  ...RECOGNIZER,
  version: 'v2',
  recognizer: { ...RECOGNIZER.recognizer, space: 'other', dim: 3, thresholds: { '1e-4': 0.9 } },
};
const isMismatch = (e: unknown): boolean => e instanceof FacepoolError && e.code === 'space_mismatch';

/** A second version that embeds every face as [0, 0, 1]. */
function setUp() {
  const fake = fakePipeline({ script: { 1: [{ size: 200, embedding: [1, 0] }] } });
  const calls: string[] = [];
  const embedIn: EmbedIn = async (model, space) => {
    calls.push(`${model} in ${space}`);
    if (space !== 'other') throw new FacepoolError('space_mismatch', `nobody embeds in ${space}`);
    return {
      model: {
        name: model,
        manifest: OTHER,
        maxBatch: () => 1,
        ref: () => ({ version: 'v2', alias: 'canary', provider: 'cpu' }),
        opinions: () => true,
        router: {
          infer: async () => {
            calls.push('embeds');
            const embeddings = Float32Array.of(0, 0, 1);
            const norms = Float32Array.of(1);
            return {
              value: { output: { role: 'recognizer', embeddings, norms, quality: null }, computeMs: 1, waitMs: 0 },
              queueMs: 0,
            };
          },
        },
      },
      end: () => void calls.push('end'),
    };
  };
  const deps = { ...fake.deps, embedIn };
  const add = (subject = 'Anna', collection = 'staff') =>
    enrol(deps, { ...request(1), subject, collection, canName: true });
  const spaces = () => [...(fake.gallery.faces.at(-1)?.embeddings ?? [])].map(([space, v]) => [space, [...v]]);
  return { ...fake, deps, calls, add, spaces };
}

test('a collection without a face is bound by the version that serves', async () => {
  const { add, spaces, calls, gallery } = setUp();
  gallery.spaces.set('staff', []);
  await add();
  assert.deepEqual(spaces(), [['test-space', [1, 0]]]);
  assert.deepEqual(calls, []);
});

test('a collection without a face is bound in the spaces that the others are known in too', async () => {
  const { add, spaces, calls, gallery } = setUp();
  gallery.spaces.set('staff', []);
  gallery.beside.set('test-space', ['other']);
  await add();
  assert.deepEqual(
    spaces(),
    [
      ['test-space', [1, 0]],
      ['other', [0, 0, 1]],
    ],
    'what serves comes first',
  );
  assert.deepEqual(gallery.spacesOf('staff'), ['test-space', 'other']);
  assert.deepEqual(calls, ['recognizer in other', 'embeds', 'end']);
});

test('… and in its own alone where nobody embeds in them any more', async () => {
  const { add, spaces, calls, gallery } = setUp();
  gallery.spaces.set('staff', []);
  gallery.beside.set('test-space', ['lost', 'other']);
  await add();
  assert.deepEqual(
    spaces().map(([space]) => space),
    ['test-space', 'other'],
  );
  assert.deepEqual(calls, ['recognizer in lost', 'recognizer in other', 'embeds', 'end']);
});

test('while people are re-embedded, a new face is embedded in both spaces', async () => {
  const { add, spaces, calls, gallery, deps, log } = setUp();
  gallery.spaces.set('staff', ['test-space', 'other']);
  await add();
  assert.deepEqual(
    new Map(spaces() as [string, number[]][]),
    new Map([
      ['test-space', [1, 0]],
      ['other', [0, 0, 1]],
    ]),
  );
  assert.deepEqual(calls, ['recognizer in other', 'embeds', 'end']);
  assert.deepEqual(gallery.searches, [{ space: 'test-space', embeddings: 1, k: 2 }], 'compared in its own space');
  assert.deepEqual([log.opened, log.closed], [1, 1]);
  assert.equal(
    (await deps.gallery.match('staff', 'other', [Float32Array.of(0, 0, 1)], 1, AbortSignal.timeout(1)))[0]?.[0]?.cosine,
    1,
  );
});

test('the collection’s own space comes first, also where another version serves', async () => {
  const { add, spaces, calls, gallery } = setUp();
  gallery.spaces.set('staff', ['other']);
  gallery.know('Berta', [0, 0.6, 0.8], 'staff', 'other');
  await add();
  assert.deepEqual(spaces(), [['other', [0, 0, 1]]], 'and nothing in a space that nobody asked for');
  // Cosine 0.8 is below 0.9, the threshold of the version that embeds in this space; it is above 0.4, the other's.
  assert.deepEqual(gallery.searches, [{ space: 'other', embeddings: 1, k: 2 }]);
  assert.deepEqual(calls, ['recognizer in other', 'embeds', 'end']);
});

test('a space that is nobody’s is refused before the picture is opened, and what was lent is given back', async () => {
  const { add, calls, gallery, log, deps } = setUp();
  gallery.spaces.set('staff', ['other', 'lost']);
  await assert.rejects(add(), isMismatch);
  assert.deepEqual(calls, ['recognizer in other', 'recognizer in lost', 'end']);
  assert.equal(log.opened, 0);
  const serving = modelOf(deps, 'recognizer', 'recognizer');
  gallery.spaces.set('staff', ['test-space']);
  const { models, others } = await spaceModels(deps, 'staff', serving);
  assert.deepEqual([models.length, others.length], [1, 0]);
});

test('a space that is given up when nobody embeds in it: the face is enrolled without it', async () => {
  const { deps, gallery, spaces } = setUp();
  gallery.spaces.set('staff', ['test-space', 'lost']);
  const embedIn: EmbedIn = async (model, space) => {
    gallery.spaces.set('staff', ['test-space']);
    return deps.embedIn(model, space);
  };
  await enrol({ ...deps, embedIn }, { ...request(1), subject: 'Anna', collection: 'staff', canName: true });
  assert.deepEqual(spaces(), [['test-space', [1, 0]]]);
});

test('a space that a collection gains while a picture is looked at: it is looked at again', async () => {
  const { add, spaces, calls, gallery, log } = setUp();
  gallery.spaces.set('staff', ['test-space']);
  gallery.beforeAdd = () => void gallery.spaces.set('staff', ['test-space', 'other']);
  await add();
  assert.equal(spaces().length, 2);
  assert.deepEqual(calls, ['recognizer in other', 'embeds', 'end']);
  assert.deepEqual([log.opened, log.closed], [2, 2]);
  // Once, not for ever.
  gallery.beforeAdd = () => {
    gallery.spaces.set('staff', [...gallery.spacesOf('staff'), `new ${gallery.spacesOf('staff').length}`]);
  };
  await assert.rejects(add('Berta'), (e: unknown) => e instanceof FacepoolError);
});
