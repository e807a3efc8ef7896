import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import {
  collectionLines,
  countText,
  peopleText,
  statusLines,
  subjectAndFaces,
  subjectLines,
  totalsText,
} from '../../src/cli/people-view.ts';
import { textWidth } from '../../src/cli/table.ts';
import { collection, STATUS, storedFace, subject } from '../http/support/people.ts';
import { screen } from './support/run.ts';

const stdout = screen(false, () => undefined);
const IO = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };
const WIDE = Number.POSITIVE_INFINITY;

it('counts as people say them', () => {
  assert.deepEqual(
    [countText(1, 'face'), countText(0, 'face'), peopleText(1), peopleText(2)],
    ['1 face', '0 faces', '1 person', '2 people'],
  );
  assert.equal(totalsText(STATUS), '3 people with 4 faces in 1 collection');
});

it('the state in words, with the reason where there is one', () => {
  const first = (over: Partial<typeof STATUS>) => statusLines(IO, { ...STATUS, ...over }, WIDE)[0];
  assert.equal(first({}), 'people can be asked for');
  assert.equal(
    first({ state: 'failed', detail: 'the key is another' }),
    'people cannot be asked for: the key is another',
  );
  assert.equal(first({ state: 'loading', detail: '3 of 9' }), 'people are being loaded: 3 of 9');
  assert.equal(first({ state: 'off' }), 'people are switched off (people.enabled)');
  assert.equal(first({ state: 'empty' }), 'nobody is enrolled yet');
});

it('what is kept, as it is set', () => {
  const kept = { encrypted: false, store_images: 'never', retention_days: 1, min_margin: 0.05 } as const;
  const lines = statusLines(IO, { ...STATUS, ...kept }, WIDE).slice(3);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['WHAT'],
      ['store', '4.0 KiB, not encrypted'],
      ['search', '1.0 KiB of shared memory'],
      ['pictures', 'not kept'],
      ['kept for', '1 day'],
      ['least margin', '0.05'],
    ],
  );
});

it('collections: what they are bound to', () => {
  const [title, bound, unbound] = collectionLines(
    IO,
    [
      { ...collection(), also: ['other-512'] },
      { ...collection('new'), space: null, subjects: 0, faces: 0 },
    ],
    WIDE,
  );
  assert.match(title ?? '', /^COLLECTION +PEOPLE +FACES +SPACE +ALSO +CHANGED \(UTC\) +CREATED \(UTC\)$/);
  assert.match(bound ?? '', /^default +3 +4 +omz-0095 +other-512 +2026-01-01 00:00:00Z/);
  assert.match(unbound ?? '', /^new +0 +0 +- +- /);
});

it('every table fits eighty columns, with what matters most', () => {
  const long = { metadata: { note: 'x'.repeat(500) } };
  for (const lines of [
    collectionLines(IO, [{ ...collection(), also: ['a-very-long-name-of-a-space', 'and-another'] }], 80),
    subjectLines(IO, [subject('Anna', long)], 80),
    subjectAndFaces(IO, subject('Anna'), [storedFace({ original: true })], 80),
  ]) {
    for (const line of lines) assert.ok(textWidth(line) <= 80, line);
  }
  assert.match(subjectLines(IO, [subject('Anna', long)], 40).join('\n'), /^PERSON +FACES/);
});

it('a face: its scores and what is kept of it; one that was brought as numbers has none', () => {
  const brought = storedFace({
    source: 'embedding',
    box: null,
    quality: null,
    ood: null,
    crop: false,
  });
  const lines = subjectAndFaces(IO, subject('Anna'), [storedFace({ original: true, liveness: 0.99 }), brought], WIDE);
  assert.match(lines.at(-2) ?? '', / picture +29×38 +0\.800 +0\.800 +0\.990 +crop, picture +omz-0095$/);
  assert.match(lines.at(-1) ?? '', / embedding +- +- +- +- +- +omz-0095$/);
  assert.equal(subjectAndFaces(IO, subject('Anna', { faces: 0 }), [], WIDE).length, 2);
});
