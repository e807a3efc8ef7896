/**
 * The OOD score through the whole path below HTTP: imaging decodes and cuts the place out, a forked recognizer judges
 * it. The places are given, because a face that is made unrecognisable is not detected any more.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { FaceGeometry } from '../../src/contract/protocol.ts';
import * as degrade from './support/degrade.ts';
import { picture, skip } from './support/shared.ts';
import { startWorkers, type TestWorkers } from './support/workers.ts';

/** From the recognizer's manifest. */
const USABLE = 0.45;
const ACCEPTED = 0.25;
const PORTRAITS = [
  'person-nicole',
  'person-vlado',
  'person-vlado1',
  'person-christina',
  'stock-emotions-a-1',
  'stock-emotions-a-5',
  'stock-emotions-b-1',
  'stock-emotions-b-2',
  'one_face',
  'group-2',
];

type Subject = { readonly name: string; readonly bytes: Buffer; readonly face: FaceGeometry };

describe('OOD scores of a recognizer process', { skip }, () => {
  let workers: TestWorkers;
  const subjects: Subject[] = [];
  const clean: number[] = [];

  before(async () => {
    workers = await startWorkers();
    for (const name of PORTRAITS) {
      const bytes = await sharp(picture(`photos/${name}.jpg`))
        .resize(720)
        .jpeg({ quality: 95 })
        .toBuffer();
      const face = (await workers.detect(bytes)).toSorted((a, b) => degrade.eyeDistance(b) - degrade.eyeDistance(a))[0];
      assert.ok(face, name);
      subjects.push({ name, bytes, face });
      clean.push(...(await workers.quality(bytes, [face])));
    }
  });
  after(() => workers?.stop());

  /** The scores of every subject made worse. */
  const judge = async (
    worsen: (subject: Subject) => Promise<readonly [Uint8Array, FaceGeometry]>,
  ): Promise<number[]> => {
    const scores: number[] = [];
    for (const subject of subjects) {
      const [bytes, place] = await worsen(subject);
      scores.push(...(await workers.quality(bytes, [place])));
    }
    assert.equal(scores.length, subjects.length);
    return scores;
  };
  const told = (scores: readonly number[]): string => scores.map((score) => score.toFixed(3)).join(' ');

  it('are usable for clean faces', () => {
    assert.equal(clean.length, PORTRAITS.length);
    assert.ok(degrade.median(clean) > USABLE + 0.1, told(clean));
    assert.ok(
      clean.every((score) => score > ACCEPTED),
      told(clean),
    );
  });

  // Measured medians of 15 portraits beside each; clean ones have .595.
  const kinds: readonly [string, number, (subject: Subject) => Promise<readonly [Uint8Array, FaceGeometry]>][] = [
    ['heavy blur, .014', 0.1, async ({ bytes, face }) => [await degrade.blurred(bytes, face, 0.15), face]],
    ['eyes 4 pixels apart, .018', 0.1, async ({ bytes, face }) => [await degrade.tiny(bytes, face, 4), face]],
    ['eyes 6 pixels apart, .224', 0.35, async ({ bytes, face }) => [await degrade.tiny(bytes, face, 6), face]],
    ['strong noise, .111', 0.2, async ({ bytes, face }) => [await degrade.noisy(bytes, face, 100), face]],
    ['upside-down, .229', 0.3, async ({ bytes, face }) => [bytes, degrade.upsideDown(face)]],
    [
      'a landscape without a face, .027',
      0.12,
      async ({ name, face }) => {
        const i = PORTRAITS.indexOf(name);
        return [picture('photos/background.jpg'), degrade.placeAt(face, 40 + i * 73, 60 + i * 31)];
      },
    ],
    [
      'random pixels, .057',
      0.12,
      async ({ name, face }) => {
        const seed = PORTRAITS.indexOf(name) + 1;
        return [await degrade.noise(480, 480, seed), degrade.placeAt(face, 60, 60)];
      },
    ],
  ];
  for (const [kind, mostMedian, worsen] of kinds) {
    it(`are clearly lower for: ${kind}`, async () => {
      const scores = await judge(worsen);
      assert.ok(scores.every((score) => score >= 0 && score <= 1));
      assert.ok(degrade.median(scores) < mostMedian, told(scores));
      assert.ok(degrade.auc(clean, scores) >= 0.97, `${told(scores)} against ${told(clean)}`);
    });
  }

  it('do not see mild blur, as the model is known for', async () => {
    const scores = await judge(async ({ bytes, face }) => [await degrade.blurred(bytes, face, 0.03), face]);
    assert.ok(degrade.median(scores) > USABLE, told(scores));
  });
});
