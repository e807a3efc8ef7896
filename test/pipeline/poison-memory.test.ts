import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Golden } from '../../src/contract/manifest.ts';
import { detect } from '../../src/pipeline/detect.ts';
import { PoisonMemory } from '../../src/pipeline/poison-memory.ts';
import type { PipelineDeps } from '../../src/pipeline/deps.ts';
import { detectorManifest } from '../fixtures/manifests.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { misbehaving } from '../fixtures/misbehaving.ts';
import { fakePipeline } from '../fixtures/pipeline.ts';

const isPoison = (error: unknown): boolean => error instanceof FacepoolError && error.code === 'poison_input';
const bytes = (n: number): Uint8Array => Uint8Array.of(n, 2, 3);

function memory(ttlMs = 1000) {
  const clock = new ManualClock();
  return { clock, poison: new PoisonMemory({ ttlMs, limit: 2, clock }) };
}

test('two charges in one request or in two: refused there, and only there', () => {
  const { poison } = memory();
  const first = poison.trial(bytes(1));
  first.of('detector@1').onCharged?.({});
  const second = poison.trial(bytes(1));
  assert.equal(second.of('detector@1').count, 1, 'begins as a suspect');
  second.check(['imaging', 'detector@1']);
  second.of('detector@1').onCharged?.({});
  const third = poison.trial(bytes(1));
  assert.throws(() => third.check(['imaging', 'detector@1']), isPoison);
  third.check(['imaging', 'detector@2']);
  poison.trial(bytes(2)).check(['imaging', 'detector@1']);
});

test('a request shares one count per culprit; an answer acquits where it ran', () => {
  const { poison } = memory();
  const trial = poison.trial(bytes(1));
  assert.equal(trial.of('a'), trial.of('a'));
  trial.of('a').onCharged?.({});
  trial.of('b').onCharged?.({});
  const again = poison.trial(bytes(1));
  again.of('a');
  again.acquit();
  const later = poison.trial(bytes(1));
  assert.deepEqual([later.of('a').count, later.of('b').count], [0, 1]);
  later.acquit();
  assert.equal(poison.size, 0);
});

test('it is forgotten after a while, counted from the last charge; 0 remembers nothing', () => {
  const { poison, clock } = memory(1000);
  poison.trial(bytes(1)).of('a').onCharged?.({});
  clock.advance(900);
  poison.trial(bytes(1)).of('a').onCharged?.({});
  clock.advance(900);
  assert.throws(() => poison.trial(bytes(1)).check(['a']), isPoison);
  clock.advance(100);
  poison.trial(bytes(1)).check(['a']);
  assert.equal(poison.size, 0);
  const none = memory(0).poison;
  none.trial(bytes(1)).of('a').onCharged?.({});
  assert.equal(none.size, 0);
});

test('it is bounded: who was charged longest ago goes first', () => {
  const { poison } = memory();
  for (let i = 0; i < 1001; i++)
    poison
      .trial(Uint8Array.of(i & 255, i >> 8))
      .of('a')
      .onCharged?.({});
  assert.equal(poison.size, 1000);
  assert.equal(poison.trial(Uint8Array.of(0, 0)).of('a').count, 0);
  assert.equal(poison.trial(Uint8Array.of(1, 0)).of('a').count, 1);
});

/** Zeros are what the fixture answers to everything. */
function zeros(): Golden {
  const outputs = Object.fromEntries(
    Object.entries({ cls: 1, obj: 1, bbox: 4, kps: 10 }).flatMap(([kind, width]) =>
      [8, 16, 32].map((stride) => {
        const cells = (32 / stride) ** 2;
        const data = Buffer.alloc(cells * width * 4).toString('base64');
        return [`${kind}_${stride}`, { dims: [1, cells, width], data }];
      }),
    ),
  );
  const [graph] = detectorManifest().graphs;
  return {
    schema: 1,
    made_with: 'zeros',
    graphs: { [graph?.id ?? '']: { seed: 1, shape: [1, 32, 32, 3], outputs } },
  };
}

const plain = (r: number, g: number, b: number): Promise<Buffer> =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();

test('with real processes: the picture that crashes workers is refused, then at once; those beside it are served', async (t) => {
  const server = misbehaving(t, 'crashes-on-red', {
    realImaging: true,
    golden: zeros(),
    workers: { infer_timeout_ms: 5000 },
  });
  await server.supervisor.start();
  assert.equal(server.status().state, 'ready', server.status().reason);
  const { settings, clock, metrics, routers } = server;
  const poison = new PoisonMemory({ ttlMs: 600_000, limit: settings.workers.max_attempts, clock });
  const { gallery, embedIn, enrolments } = fakePipeline({ script: {} }).deps;
  const real = { settings, clock, metrics, imaging: routers.imaging, model: routers.model };
  const deps: PipelineDeps = { ...real, poison, gallery, embedIn, enrolments };
  const ask = (image: Uint8Array) =>
    detect(deps, { requestId: 'r', image, options: {}, signal: AbortSignal.timeout(20_000) });
  const red = await plain(255, 0, 0);
  const others = await Promise.all([plain(0, 255, 0), plain(0, 0, 255), plain(254, 0, 0), plain(9, 9, 9)]);
  const [refused, ...served] = await Promise.allSettled([ask(red), ...others.map(ask)]);
  assert.ok(refused.status === 'rejected' && isPoison(refused.reason));
  for (const answer of served) assert.ok(answer.status === 'fulfilled' && answer.value.faces.length === 0);
  assert.equal(server.pids.length, 3, 'two workers died of it, the third serves');
  assert.equal(server.status().last_death, 'crash (SIGSEGV)');

  await assert.rejects(ask(red), isPoison);
  assert.equal(server.pids.length, 3, 'no worker was touched');
  assert.equal((await ask(await plain(255, 0, 1))).faces.length, 0, 'a picture of other bytes is another picture');
});

test('one death is one charge, however many calls of the picture it took with it', () => {
  const clock = new ManualClock();
  const poison = new PoisonMemory({ ttlMs: 1000, limit: 2, clock });
  const death = {};
  const one = poison.trial(bytes(7));
  one.of('imaging').onCharged?.(death);
  one.of('imaging').onCharged?.(death);
  poison.trial(bytes(7)).of('imaging').onCharged?.(death);
  poison.trial(bytes(7)).check(['imaging']);
  poison.trial(bytes(7)).of('imaging').onCharged?.({});
  assert.throws(() => poison.trial(bytes(7)).check(['imaging']), /has ended imaging/);
});
