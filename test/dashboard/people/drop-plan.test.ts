import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countNamed, nameFault, planOf, tidyName } from '../../../src/dashboard/public/people/drop-plan.js';

const file = (path: string, type = '') => {
  const folders = path.split('/');
  const name = folders.pop() ?? '';
  return { folders, file: new File(['x'], name, { type }) };
};
const named = (...paths: string[]) => {
  const plan = planOf(paths.map((path) => file(path)));
  const people = [...plan.people].map(([name, files]) => `${name}: ${files.map((each) => each.name).join(' ')}`);
  return { people, loose: plan.loose.map(({ name }) => name), leftOut: plan.leftOut, count: countNamed(plan) };
};

describe('what was dropped', () => {
  it('asks for the name of pictures in no folder', () => {
    assert.deepEqual(named('a.jpg', 'b.PNG').loose, ['a.jpg', 'b.PNG']);
    const plan = planOf([file('noending', 'image/webp'), file('c.pdf', 'application/pdf')]);
    assert.equal(plan.loose.length, 1);
    assert.deepEqual(plan.leftOut, [{ name: 'c.pdf', why: 'no picture' }]);
  });

  it('takes each folder in a folder for a person, with what is deeper in it', () => {
    const { people, count, leftOut } = named('staff/Anna/1.jpg', 'staff/Anna/2020/2.jpg', 'staff/Bert/1.webp');
    assert.deepEqual([people, count, leftOut], [['Anna: 1.jpg 2.jpg', 'Bert: 1.webp'], 3, []]);
  });

  it('takes a folder of pictures for a person', () => {
    assert.deepEqual(named('Anna/1.jpg', 'Bert/1.jpg').people, ['Anna: 1.jpg', 'Bert: 1.jpg']);
  });

  it('leaves out what belongs to nobody, and says so', () => {
    const { people, leftOut } = named('staff/us.jpg', 'staff/Anna/1.jpg', 'staff/Anna/cv.txt', 'staff/.DS_Store');
    assert.deepEqual(people, ['Anna: 1.jpg']);
    assert.deepEqual(leftOut, [
      { name: 'staff/us.jpg', why: 'beside the folders of the people' },
      { name: 'staff/Anna/cv.txt', why: 'no picture' },
    ]);
    assert.deepEqual(named('staff/Anna/._1.jpg', 'Thumbs.db').leftOut, [], 'what systems leave is not worth a word');
  });

  it('joins names that differ only in how they are written', () => {
    assert.deepEqual(named('staff/Zoe\u0308/1.jpg', 'staff/Zo\u00eb/2.jpg').people, ['Zo\u00eb: 1.jpg 2.jpg']);
    assert.equal(tidyName('  Zoe\u0308 Müller '), 'Zoë Müller'.normalize('NFC'));
  });

  it('refuses names that cannot be', () => {
    assert.equal(nameFault('Zoë “Z” Müller/Öz'), '');
    for (const name of ['', 'a'.repeat(201), 'a\nb', '.', '..']) assert.notEqual(nameFault(name), '', name);
    assert.equal(named('staff/../1.jpg').leftOut.length, 1);
  });

  it('gives names that JavaScript knows to people', () => {
    assert.deepEqual(named('x/__proto__/1.jpg', 'x/constructor/2.jpg').people, [
      '__proto__: 1.jpg',
      'constructor: 2.jpg',
    ]);
  });
});
