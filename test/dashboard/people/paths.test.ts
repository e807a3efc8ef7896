import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pathOf, queryOf } from '../../../src/dashboard/public/people/paths.js';

it('puts names into paths so that they arrive as they are', () => {
  assert.equal(pathOf('staff'), 'v1/collections/staff');
  for (const name of ['Zoë Müller', 'a/b', '%2F', '?#&', '...', 'a\\b', '李', ' x']) {
    const { pathname } = new URL(pathOf('staff', 'subjects', name), 'http://localhost/');
    assert.equal(decodeURIComponent(pathname.split('/').at(-1) ?? ''), name);
    assert.equal(pathname.split('/').length, 6, name);
  }
});

it('asks for nothing that a browser would take for another address', () => {
  for (const name of ['', '.', '..']) {
    assert.throws(() => pathOf('staff', 'subjects', name), /Browsers cannot ask/);
    assert.throws(() => pathOf(name), /Browsers cannot ask/);
  }
});

it('leaves out of a query what is nothing', () => {
  assert.equal(queryOf({ limit: 25, cursor: null, find: '' }), '?limit=25');
  assert.equal(queryOf({ find: 'Zoë & co' }), '?find=Zo%C3%AB+%26+co');
  assert.equal(queryOf({}), '');
});
