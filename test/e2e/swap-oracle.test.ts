/** What a storm judges by finds what it is there to find. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { FacesAnswer } from '../../src/contract/results.ts';
import { isChosen } from '../../src/rollout/split.ts';
import { skipWithoutModels as skip } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { loadManifest } from '../../src/models/manifest-file.ts';
import { FILE_FAULTS } from './support/swap-faults.ts';
import { Ledger } from './support/swap-ledger.ts';
import { difference, facesOf } from './support/swap-oracle.ts';
import { MODELS, STRICT } from './support/swap-parts.ts';
import { KINDS, planStorm } from './support/swap-plan.ts';
import { versionFactory } from './support/swap-versions.ts';

const says = (version: string, alias = 'stable') => ({ detector: { version, alias } });

test('a version may answer from its swap on, and not after the next one', () => {
  let now = 10;
  const ledger = new Ledger({ detector: 'a' }, () => now);
  assert.equal(ledger.check(says('a'), 'p', 9), null);
  assert.match(ledger.check(says('b'), 'p', 9) ?? '', /detector b answered; allowed were a/);
  ledger.open('detector', 'b');
  now = 20;
  assert.equal(ledger.check(says('a'), 'p', 15), null);
  assert.equal(ledger.check(says('b'), 'p', 15), null);
  ledger.close('detector', 'a');
  // It was sent when the old version could still answer.
  assert.equal(ledger.check(says('a'), 'p', 15), null);
  assert.match(ledger.check(says('a'), 'p', 20) ?? '', /allowed were b/);
  ledger.open('detector', 'a');
  assert.equal(ledger.check(says('a'), 'p', 21), null);
});

test('while a canary serves, a client gets the version of its share and no other', () => {
  const now = 10;
  const ledger = new Ledger({ detector: 'a' }, () => now);
  ledger.open('detector', 'b');
  ledger.split('detector', { canary: 'b', percent: 50 });
  const people = Array.from({ length: 40 }, (_, i) => `person-${i}`);
  const chosen = people.filter((person) => isChosen('detector', person, 50));
  const others = people.filter((person) => !isChosen('detector', person, 50));
  assert.ok(chosen.length > 5 && others.length > 5);
  for (const person of chosen) {
    assert.equal(ledger.check(says('b', 'canary'), person, 10), null);
    assert.match(ledger.check(says('b', 'stable'), person, 10) ?? '', /answered as stable/);
    assert.match(ledger.check(says('a'), person, 10) ?? '', /who is of the 50 %/);
    assert.equal(ledger.check(says('a'), person, 9), null);
  }
  for (const person of others) assert.match(ledger.check(says('b', 'canary'), person, 10) ?? '', /who is not of/);
  ledger.split('detector', null);
  for (const person of people) assert.equal(ledger.check(says('a'), person, 10), null);
});

const face = (det_score: number, ood: number, live: number): FacesAnswer['faces'][number] => ({
  box: { x_min: 1, y_min: 2, x_max: 30, y_max: 40 },
  det_score,
  ood: { score: ood, threshold: 0.25, accepted: true, raw: ood, raw_direction: 'higher_is_better' },
  quality: { score: ood, usable: true, reasons: [] },
  liveness: { label: 'live', score: live, threshold: 0.5, opinions: [] },
});
const base: FacesAnswer = {
  request_id: 'x',
  image: { width: 1, height: 1, format: 'jpeg', orientation_applied: false },
  faces: [face(0.95, 0.6, 0.99), face(0.92, 0.4, 0.7), face(0.7, 0.6, 0.99)],
  models: {},
  timings_ms: {},
};
const plain = { detector: 'plain', recognizer: 'plain', liveness: 'plain' } as const;

test('stricter versions find fewer faces, and judge them by their own thresholds', () => {
  assert.equal(difference(facesOf(base, plain), base.faces), null);
  assert.equal(facesOf(base, { ...plain, detector: 'strict' }).length, 2);
  const [, second] = facesOf(base, { ...plain, recognizer: 'strict', liveness: 'strict' });
  assert.equal(second?.ood?.threshold, STRICT.accepted);
  assert.equal(second?.ood?.accepted, false);
  assert.deepEqual(second?.quality?.reasons, ['low_quality', 'out_of_distribution']);
  assert.equal(second?.liveness?.label, 'spoof');
  assert.equal(base.faces[1]?.liveness?.label, 'live');
});

test('answers differ by a face, a number, a word', () => {
  const told = (other: unknown): string | null => difference(other, base.faces);
  const [first, ...rest] = base.faces;
  assert.ok(first);
  assert.match(told(rest) ?? '', /det_score: 0.92 instead of 0.95/);
  assert.match(told([...base.faces, first]) ?? '', /^3: .* instead of undefined$/);
  assert.match(told([{ ...first, det_score: 0.951 }, ...rest]) ?? '', /0.951 instead/);
  assert.equal(told([{ ...first, det_score: 0.9501 }, ...rest]), null);
  assert.match(told([{ ...first, liveness: { ...first.liveness, label: 'spoof' } }, ...rest]) ?? '', /"spoof"/);
});

test('a long storm has every kind and every fault, a quarter of it broken, and is the same for the same seed', () => {
  const plan = planStorm(60, 3);
  assert.deepEqual(plan, planStorm(60, 3));
  assert.notDeepEqual(plan, planStorm(60, 4));
  const broken = plan.filter(({ fault }) => fault !== null);
  assert.equal(broken.length, 15);
  assert.equal(new Set(broken.map(({ fault }) => fault)).size, 13);
  assert.deepEqual(new Set(plan.filter(({ fault }) => fault === null).map(({ kind }) => kind)), new Set(KINDS));
  assert.deepEqual(new Set(plan.map(({ model }) => model)), new Set(MODELS));
});

test('what the factory makes can be read, but for what is to be unreadable, and goes again', { skip }, async (t) => {
  const dir = tempDir(t);
  const factory = versionFactory(dir);
  const place = (version: string): string => `${dir}/models/recognizer/${version}`;
  const strict = await factory.sound('recognizer', 'strict', true);
  const manifest = await loadManifest(place(strict.version));
  assert.equal(manifest.role === 'recognizer' && manifest.recognizer.quality.accepted, STRICT.accepted);
  for (const fault of FILE_FAULTS.filter((one) => one !== 'refused at load')) {
    const { version } = await factory.broken('recognizer', fault);
    const reading = loadManifest(place(version));
    if (fault === 'unreadable manifest') await assert.rejects(reading, { code: 'model_failed' });
    else assert.equal((await reading).version, version);
  }
  factory.remove(strict);
  await assert.rejects(loadManifest(place(strict.version)), { code: 'model_missing' });
});
