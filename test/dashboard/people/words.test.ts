/** What is said: of refusals, of matches, of the state of people. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE } from '../../../src/contract/errors.ts';
import { REFUSALS } from '../../../src/contract/people.ts';
import type { FaceAnswer } from '../../../src/contract/results.ts';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import {
  isRefusal,
  remedyOf,
  tellError,
  tellReason,
  warningsOf,
} from '../../../src/dashboard/public/people/enrol-words.js';
import { decide } from '../../../src/dashboard/public/people/match-words.js';
import { policyLine, stateNote, statusLine, whyNoPicture } from '../../../src/dashboard/public/people/status-words.js';

const refused = (...codes: string[]) =>
  new ApiError({
    status: 422,
    code: codes[0] ?? '',
    detail: 'the first',
    reasons: codes.map((code) => ({ code, detail: `about ${code}` })),
  });

describe('refusals', () => {
  it('have plain words and an advice each, and are refusals', () => {
    for (const code of REFUSALS) {
      const { why, advice, detail } = tellReason({ code, detail: 'figures' });
      assert.ok(why.endsWith('.') && advice.endsWith('.') && detail === 'figures', code);
      assert.equal(isRefusal(refused(code)), true);
      assert.ok(code in ERROR_CATALOGUE);
    }
  });

  it('are all told, and what has no words is told as the API tells it', () => {
    assert.deepEqual(
      tellError(refused('too_many_faces', 'face_too_small')).map(({ code, detail }) => [code, detail]),
      [
        ['too_many_faces', 'about too_many_faces'],
        ['face_too_small', 'about face_too_small'],
      ],
    );
    const conflict = new ApiError({ status: 409, code: 'conflict', title: 'Conflict', detail: 'Anna has 50 faces.' });
    assert.equal(tellError(conflict)[0]?.why, 'Conflict: Anna has 50 faces. (conflict)');
    assert.equal(isRefusal(conflict), false);
    const [gone] = tellError(new DOMException('A requested file could not be read', 'NotReadableError'));
    assert.match(gone?.why ?? '', /cannot be read any more/);
  });

  it('have a button only where it helps against all of them', () => {
    assert.deepEqual(remedyOf(refused('too_many_faces'))?.options, { several_faces: 'largest' });
    assert.deepEqual(remedyOf(refused('looks_like_other'))?.options, { similar: 'report' });
    assert.deepEqual(remedyOf(refused('too_many_faces', 'looks_like_other')), {
      label: 'Take the largest face and enrol it all the same',
      options: { several_faces: 'largest', similar: 'report' },
    });
    assert.equal(remedyOf(refused('too_many_faces', 'spoof_detected')), null);
    for (const code of ['no_face', 'ood_rejected', 'spoof_detected', 'face_too_small'])
      assert.equal(remedyOf(refused(code)), null, code);
    assert.equal(remedyOf(new ApiError({ status: 502, code: 'model_failed', detail: '' }))?.label, 'Try again');
    assert.equal(remedyOf(new ApiError({ status: 422, code: 'image_undecodable', detail: '' })), null);
  });
});

it('warns of nothing that somebody asked for', () => {
  const warnings = ['too_many_faces', 'looks_like_other', 'ood_rejected'].map((code) => ({ code, detail: '' }));
  const codes = (options: Record<string, string>) =>
    warningsOf({ options, answer: { warnings } }).map(({ code }) => code);
  assert.deepEqual(codes({}), ['too_many_faces', 'looks_like_other', 'ood_rejected']);
  assert.deepEqual(codes({ several_faces: 'largest' }), ['looks_like_other', 'ood_rejected']);
  assert.deepEqual(codes({ several_faces: 'largest', similar: 'report' }), ['ood_rejected']);
  assert.deepEqual(warningsOf({ options: {}, answer: null }), []);
});

describe('a face', () => {
  const match = (over: Partial<NonNullable<FaceAnswer['matches']>[number]> = {}) => ({
    ...{ subject: 'Anna', face_id: '01', cosine: 0.75, similarity: 0.97, threshold: 0.427, match: true, margin: 0.3 },
    ...over,
  });
  const face = (over: Partial<FaceAnswer>): FaceAnswer => ({
    ...{ box: { x_min: 0, y_min: 0, x_max: 9, y_max: 9 }, det_score: 0.9, identity: null, matches: [match()] },
    ood: { score: 0.9, threshold: 0.25, accepted: true, raw: 0.9, raw_direction: 'higher_is_better' },
    liveness: { label: 'live', score: 0.97, threshold: 0.5, opinions: [] },
    ...over,
  });

  it('has a name only where the server gives one', () => {
    const known = decide(face({ identity: 'Anna' }), 0);
    assert.deepEqual(known, { tone: 'good', title: 'Anna', why: '', short: ['Anna', '97 %'] });
    const unsaid = decide(face({}), 0);
    assert.deepEqual([unsaid.title, unsaid.tone], ['Unknown', 'warning']);
  });

  it('is unknown for a reason', () => {
    const why = (over: Partial<FaceAnswer>, margin = 0) => decide(face(over), margin);
    assert.match(why({ matches: [] }).why, /^Nobody is enrolled/);
    const far = why({ matches: [match({ cosine: 0.31, match: false })] });
    assert.match(far.why, /^Nobody is alike enough: the nearest is Anna with a cosine of 0\.310, below .* 0\.427\.$/);
    assert.equal(far.tone, 'plain');
    const ood = { score: 0.11, threshold: 0.25, accepted: false, raw: 0.1, raw_direction: 'higher_is_better' } as const;
    assert.match(why({ ood }).why, /alike enough to Anna, but not trusted\. .* OOD score of 0\.11 is below 0\.25/);
    assert.deepEqual(why({ ood }).short, ['unknown', 'OOD']);
    const spoof = { label: 'spoof' as const, score: 0.04, threshold: 0.5, opinions: [] };
    assert.match(why({ liveness: spoof }).why, /not trusted\. .*picture of a picture: live with 4 %, 50 % are needed/);
    assert.match(why({ liveness: { ...spoof, label: 'unsure' } }).why, /not surely live/);
    assert.match(
      why({ liveness: spoof, matches: [match({ cosine: 0.1 })] }).why,
      /Nobody is alike.*picture of a picture/,
    );
    const alike = why({ matches: [match({ margin: 0.02 }), match({ subject: 'Bert' })] }, 0.05);
    assert.match(alike.why, /alike enough to Anna, but .* margin of 0\.020 is below 0\.050 \(people\.min_margin\)/);
    assert.deepEqual([alike.tone, alike.short], ['warning', ['unknown', 'two alike']]);
  });
});

describe('the state', () => {
  it('says what is kept, how, and for how long', () => {
    assert.equal(
      policyLine({ store_images: 'never', encrypted: false, retention_days: 0 }),
      'no pictures kept, not encrypted, until deleted',
    );
    assert.equal(
      policyLine({ store_images: 'crops', encrypted: true, retention_days: 1 }),
      'a crop of each face kept, encrypted, deleted after 1 day',
    );
    const line = statusLine({
      ...{ state: 'ready', detail: '', collections: 2, subjects: 1, faces: 3, store_bytes: 1536, index_bytes: 512 },
      ...{ store_images: 'originals', encrypted: false, retention_days: 30, min_margin: 0, erasing: 0, mismatch: null },
    });
    assert.match(
      line,
      /^1 person, 3 faces, 2 collections · pictures and .* after 30 days · 1\.5 KiB on the disk, 512 B of memory$/,
    );
  });

  it('says how to begin, how far it is and why it failed', () => {
    assert.equal(stateNote({ state: 'ready', detail: '', mismatch: null }), null);
    const detail = '3 faces of the collection "staff" are known in the space a';
    const mismatch = { collections: ['staff'], count: 1, faces: 3, spaces: ['a'], detail };
    assert.deepEqual(stateNote({ state: 'ready', detail: '', mismatch }), { text: `${detail}.`, tone: 'error' });
    assert.match(stateNote({ state: 'off', detail: '', mismatch: null })?.text ?? '', /people\.enabled: true/);
    assert.match(stateNote({ state: 'empty', detail: '', mismatch: null })?.text ?? '', /Drop pictures/);
    assert.match(
      stateNote({ state: 'loading', detail: '40 %', mismatch: null })?.text ?? '',
      /being read\. 40 %\. This/,
    );
    const failed = stateNote({ state: 'failed', detail: 'the key is another', mismatch: null });
    assert.deepEqual([failed?.tone, /: the key is another\. Nobody/.test(failed?.text ?? '')], ['error', true]);
  });

  it('says why there is no picture', () => {
    assert.match(whyNoPicture({ source: 'embedding', crop: false }, 'crops'), /as numbers/);
    assert.match(whyNoPicture({ source: 'picture', crop: false }, 'never'), /store_images: never/);
    assert.match(whyNoPicture({ source: 'picture', crop: false }, 'crops'), /when it was enrolled/);
  });
});
