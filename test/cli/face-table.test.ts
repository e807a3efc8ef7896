import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { printFaces } from '../../src/cli/face-table.ts';
import type { FaceAnswer } from '../../src/contract/results.ts';
import { screen } from './support/run.ts';

const face: FaceAnswer = { box: { x_min: 10.4, y_min: 20.6, x_max: 60, y_max: 90 }, det_score: 0.98765 };

/** @param columns of a terminal; without them there is none */
function shown(files: Parameters<typeof printFaces>[1], columns?: number): string[] {
  let out = '';
  const stdout = screen(columns !== undefined, (text) => {
    out += text;
  });
  if (columns !== undefined) Object.assign(stdout, { columns });
  printFaces({ stdin: new PassThrough(), stdout, stderr: stdout, env: { NO_COLOR: '1' }, cwd: '/' }, files);
  return out.split('\n');
}

it('has the columns that some face has something for', () => {
  const whole: FaceAnswer = {
    ...face,
    quality: { score: 0.2, usable: false, reasons: ['low_quality', 'small_face'] },
    ood: { score: 0.1, threshold: 0.25, accepted: false, raw: 0.1, raw_direction: 'higher_is_better' },
    liveness: { label: 'spoof', score: 0.03, threshold: 0.5, opinions: [] },
    embedding: { space: 'omz-0095', dim: 256, array: [] },
    identity: null,
    matches: [],
  };
  const [title, first, second] = shown([{ file: 'a', faces: [whole, face] }]);
  assert.match(title ?? '', /^FILE +FACE +SCORE +BOX +SIZE +QUALITY +OOD +LIVENESS +EMBEDDING +IDENTITY$/);
  assert.match(
    first ?? '',
    /^a +1 +0\.988 +10,21 +50×69 +0\.200 low_quality, small_face +0\.100 rejected +0\.030 spoof +omz-0095, 256 numbers +-$/,
  );
  assert.match(second ?? '', /^a +2 +0\.988 +10,21 +50×69 +- +- +- +- +-$/);
});

it('names who it is, with the nearest of the people', () => {
  const match = {
    subject: 'anna',
    face_id: '1',
    cosine: 0.8,
    similarity: 0.9,
    threshold: 0.4,
    match: true,
    margin: null,
  };
  const faces = [
    { ...face, identity: 'anna', matches: [{ ...match, margin: 0.25 }] },
    { ...face, identity: null, matches: [{ ...match, similarity: 0.31, match: false }] },
    { ...face, identity: null, matches: [] },
  ];
  const [title, known, unknown, nobody] = shown([{ file: 'a', faces }]);
  assert.match(title ?? '', /SIZE +IDENTITY +SIMILARITY +MARGIN$/);
  assert.match(known ?? '', / anna +0\.900 +0\.250$/);
  assert.match(unknown ?? '', / unknown, nearest anna +0\.310 +-$/);
  assert.match(nobody ?? '', / - +- +-$/);
});

it('leaves out what has no room on a narrow terminal, who it is last', () => {
  const ood = { score: 0.1, threshold: 0.25, accepted: false, raw: 0.1, raw_direction: 'higher_is_better' } as const;
  const [title, row] = shown([{ file: 'a.jpg', faces: [{ ...face, ood, identity: 'anna', matches: [] }] }], 38);
  assert.match(title ?? '', /^FILE +FACE +OOD +IDENTITY$/);
  assert.match(row ?? '', /^a\.jpg +1 +.*0\.100 rejected.* +.*anna/);
});

it('says that a file has no face, and prints nothing for no file', () => {
  assert.match(shown([{ file: 'a', faces: [] }])[1] ?? '', /^a +none$/);
  assert.deepEqual(shown([]), ['']);
});

it('counts characters as people do', () => {
  const lines = shown([
    { file: 'e\u0301.jpg', faces: [face] },
    { file: '👩‍👩‍👧.jpg', faces: [face] },
  ]);
  assert.equal(lines[1]?.replace('e\u0301', 'x'), lines[2]?.replace('👩‍👩‍👧', 'x'));
});
