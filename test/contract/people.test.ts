import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  changeSubjectSchema,
  collectionName,
  embeddingInputSchema,
  searchRequestSchema,
  subjectName,
} from '../../src/contract/people.ts';
import { metadataSchema } from '../../src/contract/metadata.ts';

describe('names', () => {
  it('of collections go into paths and labels as they are', () => {
    for (const name of ['default', 'Staff_2', 'a.b-c', 'x'.repeat(64)]) assert.equal(collectionName.parse(name), name);
    for (const name of ['', '.hidden', '-a', 'a b', 'a/b', 'ä', 'x'.repeat(65)]) {
      assert.ok(!collectionName.safeParse(name).success, name);
    }
  });

  it('of subjects are what people are called, in one spelling', () => {
    assert.equal(subjectName.parse('  Zoe\u0308 Mu\u0308ller '), 'Zoë Müller');
    for (const name of ['O’Brien/2', '李小龍', '👩‍🚀', '%2F', 'x'.repeat(200)])
      assert.equal(subjectName.parse(name), name);
    for (const name of ['', '   ', 'a\nb', 'a\u0000', '.', ' .. ', '\uD800', 'x'.repeat(201)]) {
      assert.ok(!subjectName.safeParse(name).success, JSON.stringify(name));
    }
  });
});

describe('metadata', () => {
  it('is flat and small', () => {
    const good = { employee: 17, name: 'x', active: true, left: null };
    assert.deepEqual(metadataSchema.parse(good), good);
    for (const bad of [{ a: {} }, { a: [1] }, { '': 1 }, { a: Number.NaN }, { a: 'x'.repeat(1001) }]) {
      assert.ok(!metadataSchema.safeParse(bad).success, JSON.stringify(bad).slice(0, 40));
    }
    const big = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`k${i}`, 'x'.repeat(900)]));
    assert.ok(!metadataSchema.safeParse(big).success);
  });
});

describe('requests', () => {
  it('an embedding comes as an array or as base64, and not as both', () => {
    assert.ok(embeddingInputSchema.safeParse({ space: 'a', array: [1] }).success);
    assert.ok(embeddingInputSchema.safeParse({ space: 'a', base64: 'AAAA' }).success);
    assert.ok(!embeddingInputSchema.safeParse({ space: 'a' }).success);
    assert.ok(!embeddingInputSchema.safeParse({ space: 'a', array: [1], base64: 'AAAA' }).success);
  });

  it('have the defaults that the documents say', () => {
    const { top_k, collection } = searchRequestSchema.parse({ embedding: { space: 'a', array: [1] } });
    assert.deepEqual([top_k, collection], [1, 'default']);
    assert.deepEqual(changeSubjectSchema.parse({}), { merge: false });
    assert.ok(!changeSubjectSchema.safeParse({ name: 'x' }).success);
  });
});
