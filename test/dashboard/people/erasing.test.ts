import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createErasing, erasedWords } from '../../../src/dashboard/public/people/erasing.js';

function told(count: number, ...names: string[]) {
  const erasing = createErasing();
  for (const name of names) erasing.goesOn(name);
  erasing.setCount(count);
  return [erasing.labels(), erasing.words()] as const;
}

describe('collections that are being erased', () => {
  it('are told by name where they were deleted here', () => {
    assert.deepEqual(told(1, 'visitors'), [
      ['visitors – being erased'],
      'visitors is being erased from the disk. Nobody of it is known any more, and it goes from this list by itself.',
    ]);
    const [labels, words] = told(3, 'a', 'b', 'c');
    assert.deepEqual(labels, ['a – being erased', 'b – being erased', 'c – being erased']);
    assert.match(words, /^a, b and c are being erased from the disk\. Nobody of them .* by themselves\.$/);
  });

  it('are counted where somebody else deleted them', () => {
    assert.deepEqual(told(0), [[], '']);
    assert.deepEqual(told(1)[0], ['1 deleted collection – being erased']);
    assert.match(told(1)[1], /^1 deleted collection is being erased/);
    assert.match(told(2)[1], /^2 deleted collections are being erased/);
    assert.deepEqual(told(3, 'a')[0], ['a – being erased', '2 more – being erased']);
    assert.match(told(3, 'a')[1], /^a and 2 more deleted collections are being erased/);
    assert.match(told(2, 'a')[1], /^a and 1 more deleted collection are being erased/);
  });

  it('are not named as going on where only some of them do: the server does not say which', () => {
    const [labels, words] = told(1, 'a', 'b');
    assert.deepEqual(labels, ['1 of a, b – being erased']);
    assert.match(words, /^1 of the deleted collections a and b is being erased from the disk\. Nobody of it/);
  });

  it('end when the server counts none, and those that have no answer yet with their answer', () => {
    const erasing = createErasing();
    erasing.begin('slow');
    erasing.goesOn('visitors');
    assert.equal(erasing.isUnanswered('slow'), true);
    assert.equal(erasing.isUnanswered('visitors'), false);
    assert.deepEqual(erasing.setCount(1), []);
    assert.deepEqual(erasing.labels(), ['slow – being erased', 'visitors – being erased']);
    assert.deepEqual(erasing.setCount(0), ['visitors']);
    assert.deepEqual(erasing.labels(), ['slow – being erased']);
    erasing.end('slow');
    assert.deepEqual([erasing.words(), erasing.setCount(0)], ['', []]);
  });

  it('are not taken for those of others once they are erased', () => {
    const erasing = createErasing();
    erasing.begin('quick');
    erasing.setCount(2);
    erasing.erased('quick');
    assert.deepEqual(erasing.labels(), ['1 deleted collection – being erased']);
    erasing.erased('quick');
    erasing.erased('quick');
    assert.deepEqual(erasing.labels(), []);
  });

  it('are told when nothing of them is left', () => {
    assert.match(erasedWords(['a']), /^The deleted collection a is erased: nothing of it is left/);
    assert.match(erasedWords(['a', 'b']), /^The deleted collections a and b are erased: nothing of them/);
  });
});
