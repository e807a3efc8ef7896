import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { floatSearch } from '../../../bench/lib/float-kernel.ts';
import { makePeopleVectors, nearestFace, subjectOfFace, vectorOf } from '../../../bench/lib/people-vectors.ts';
import { dot } from '../../../src/gallery/search/quantise.ts';

describe('vectors of people', () => {
  const people = makePeopleVectors(2000, 64, 40);

  it('are of length 1; faces of one person are alike, half of the queries are like somebody', () => {
    let same = 0;
    for (let face = 0; face < people.count; face++) {
      const vector = vectorOf(people, face);
      assert.ok(Math.abs(dot(vector, vector, 0) - 1) < 1e-5);
      if (subjectOfFace(face) === subjectOfFace(face + 1)) same += dot(vector, people.vectors, (face + 1) * people.dim);
    }
    const mean = same / (people.count * (4 / 5));
    assert.ok(mean > 0.55 && mean < 0.68, `${mean}`);
    assert.equal(people.queries.length, 40);
    const found = people.queries.map((query) => nearestFace(people, query)[1]);
    assert.ok(found.every((cosine, i) => (i % 2 === 0 ? cosine > 0.5 : cosine < 0.7)));
  });

  it('are searched alike in double precision and with 32 bits in WebAssembly', () => {
    const search = floatSearch(people);
    for (const query of people.queries) assert.equal(search(query), nearestFace(people, query)[0]);
  });
});
