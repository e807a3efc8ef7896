import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { modelOf } from '../../src/pipeline/deps.ts';
import { embedCrop } from '../../src/pipeline/embed-crop.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import { fakePipeline } from '../fixtures/pipeline.ts';

const FIVE: readonly (readonly [number, number])[] = [
  [10, 20],
  [30, 20],
  [20, 30],
  [12, 40],
  [28, 40],
];
const crop = (first: number, landmarks = FIVE) => ({ jpeg: Uint8Array.of(first), landmarks });

function setUp(options: Partial<Parameters<typeof fakePipeline>[0]> = {}) {
  const fake = fakePipeline({ script: { 1: [{ size: 100, embedding: [0.6, 0.8] }] }, ...options });
  const asked: unknown[] = [];
  const opened: unknown[] = [];
  const deps = {
    ...fake.deps,
    imaging: {
      open: async (request: Parameters<typeof fake.deps.imaging.open>[0]) => {
        opened.push(request.geometry);
        const answer = await fake.deps.imaging.open(request);
        const frame = {
          ...answer.value,
          crop: (params: Parameters<typeof answer.value.crop>[0], signal: AbortSignal) => {
            asked.push(params.faces);
            return answer.value.crop(params, signal);
          },
        };
        return { ...answer, value: frame };
      },
    },
  };
  const recognizer = modelOf(deps, 'recognizer', 'recognizer');
  const embed = (kept: ReturnType<typeof crop>) =>
    embedCrop(deps, recognizer, kept, 'r1', new AbortController().signal);
  return { ...fake, deps, asked, opened, recognizer, embed };
}

test('a crop is embedded by its landmarks, and nothing else is run', async () => {
  const { embed, asked, opened, log } = setUp();
  assert.deepEqual([...(await embed(crop(1)))], [...Float32Array.of(0.6, 0.8)]);
  assert.deepEqual(asked, [[{ box: { x_min: 320, y_min: 240, x_max: 960, y_max: 720 }, landmarks: FIVE }]]);
  assert.deepEqual(opened, [{ fit: 512, multipleOf: 1, maxPixels: 1e8 }], 'not reduced, whatever the detector is');
  assert.deepEqual(
    log.infers.map(({ model, job }) => [model, job.parts.map(({ graph }) => graph)]),
    [['recognizer', ['emb']]],
  );
  assert.equal(log.closed, 1);
});

test('without landmarks the box has to do', async () => {
  const { embed, asked } = setUp();
  await embed(crop(1, FIVE.slice(0, 4)));
  assert.deepEqual(asked, [[{ box: { x_min: 320, y_min: 240, x_max: 960, y_max: 720 }, landmarks: null }]]);
});

test('a broken crop is told, and nothing stays open', async () => {
  const { embed, log } = setUp();
  await assert.rejects(embed(crop(9)), { code: 'unsupported_media' });
  assert.equal(log.opened, log.closed + 1, 'the one that could not be opened');
});

test('a crop that ends its workers is refused, there and the next time', async () => {
  const { embed, log } = setUp({
    onCrop: () => {
      throw new ChildGoneError({ code: null, signal: 'SIGSEGV', hang: false, asked: false }, true);
    },
  });
  await assert.rejects(embed(crop(1)), { code: 'poison_input' });
  assert.deepEqual([log.opened, log.closed], [2, 2]);
});

test('what is known to end this version is not tried with it again', async () => {
  const { embed, deps, recognizer, log } = setUp();
  const { version } = recognizer.ref();
  const charges = deps.poison.trial(Uint8Array.of(1)).of(`recognizer@${version}`);
  for (let i = 0; i < 2; i++) charges.onCharged?.({});
  await assert.rejects(
    embed(crop(1)),
    (error: unknown) => error instanceof FacepoolError && error.code === 'poison_input',
  );
  assert.equal(log.opened, 0);
});

test('what it was charged with before is forgotten when it is embedded', async () => {
  const { embed, deps } = setUp();
  const charge = (): void => deps.poison.trial(Uint8Array.of(1)).of('recognizer@v1').onCharged?.({});
  for (let i = 0; i < 3; i++) {
    charge();
    await embed(crop(1));
  }
  assert.equal(deps.poison.size, 0);
});
