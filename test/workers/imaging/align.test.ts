import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FiveLandmarks, Point } from '../../../src/contract/geometry.ts';
import { fitSimilarity, invert, templatePoints } from '../../../workers/imaging/align.ts';
import { random } from './support.ts';

const FACE: FiveLandmarks = [
  [30, 50],
  [70, 52],
  [51, 70],
  [36, 90],
  [66, 91],
];

const apply = (m: { a: number; b: number; tx: number; ty: number }, [x, y]: Point): Point => [
  m.a * x - m.b * y + m.tx,
  m.b * x + m.a * y + m.ty,
];

function close(actual: number, wanted: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);
}

test('a known rotation, scale and shift are recovered exactly', () => {
  const next = random(7);
  for (let i = 0; i < 50; i++) {
    const angle = next() * 2 * Math.PI;
    const scale = 0.05 + next() * 20;
    const truth = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx: next() * 900 - 450, ty: next() * 900 };
    for (const points of [FACE, templatePoints(FACE, 'eyes-mouth')]) {
      const found = fitSimilarity(
        points,
        points.map((p) => apply(truth, p)),
      );
      assert.ok(found);
      for (const key of ['a', 'b', 'tx', 'ty'] as const) close(found[key], truth[key], 1e-7);
    }
  }
});

test('the inverse undoes the transform', () => {
  const m = { a: 1.5, b: -0.4, tx: 12, ty: -7 };
  const back = apply(invert(m), apply(m, [31, 17]));
  close(back[0], 31);
  close(back[1], 17);
});

test('a mirrored face is fitted without a reflection, as the least-squares similarity', () => {
  const mirrored = FACE.map(([x, y]): Point => [-x, y]);
  const m = fitSimilarity(FACE, mirrored);
  assert.ok(m);
  const error = (c: typeof m): number =>
    FACE.reduce((sum, p, i) => {
      const [x, y] = apply(c, p);
      const [u, v] = mirrored[i] ?? [0, 0];
      return sum + (x - u) ** 2 + (y - v) ** 2;
    }, 0);
  const least = error(m);
  for (const key of ['a', 'b', 'tx', 'ty'] as const) {
    for (const step of [-1e-3, 1e-3]) assert.ok(error({ ...m, [key]: m[key] + step }) > least, `${key} is at its best`);
  }
});

test('the middle of the mouth is the third point of the eyes-mouth scheme', () => {
  assert.deepEqual(templatePoints(FACE, 'eyes-mouth'), [FACE[0], FACE[1], [51, 90.5]]);
  assert.equal(templatePoints(FACE, 'five'), FACE);
});

test('points that determine nothing give null', () => {
  const same: Point[] = [
    [5, 5],
    [5, 5],
    [5, 5],
  ];
  const template: Point[] = [
    [1, 1],
    [9, 1],
    [5, 9],
  ];
  assert.equal(fitSimilarity(same, template), null);
  assert.equal(fitSimilarity(template, same), null);
  assert.equal(fitSimilarity([[Number.NaN, 1], ...template.slice(1)], template), null);
  assert.equal(fitSimilarity([[Number.POSITIVE_INFINITY, 1], ...template.slice(1)], template), null);
  assert.equal(fitSimilarity(template.slice(0, 2), template), null);
  assert.equal(fitSimilarity([], []), null);
});
