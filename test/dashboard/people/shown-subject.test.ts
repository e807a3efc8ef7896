/** The person that is shown and the tag of that state, with answers that are given by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Subject } from '../../../src/contract/people.ts';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import { ChangedMeanwhile } from '../../../src/dashboard/public/people/changed-words.js';
import { createShownSubject } from '../../../src/dashboard/public/people/shown-subject.js';

type Seen = { subject: Subject; tag: string | null };

const anna = (over: Partial<Subject> = {}): Subject => ({
  ...{ subject: 'Anna', id: '01', metadata: {}, faces: 2, created_at: '', updated_at: '' },
  ...over,
});
const stale = () => new ApiError({ status: 409, code: 'conflict', detail: 'changed', param: 'If-Match' });
const settle = () => new Promise((resolve) => setImmediate(resolve));

function scene() {
  const readings: { name: string; signal: AbortSignal; end: PromiseWithResolvers<Seen> }[] = [];
  const changes: { name: string; wish: unknown; tag: string | null; end: PromiseWithResolvers<Seen> }[] = [];
  const removals: (string | null)[] = [];
  const shown: string[] = [];
  const unread: string[] = [];
  const person = createShownSubject({
    readSubject(_collection, name, { signal }) {
      const end = Promise.withResolvers<Seen>();
      signal.addEventListener('abort', () => end.reject(new DOMException('given up', 'AbortError')));
      readings.push({ name, signal, end });
      return end.promise;
    },
    changeSubject(_collection, name, wish, tag) {
      const end = Promise.withResolvers<Seen>();
      changes.push({ name, wish, tag, end });
      return end.promise;
    },
    async deleteSubject(_collection, _name, tag) {
      removals.push(tag);
      throw stale();
    },
    onShow: ({ subject, faces, metadata }) => shown.push(`${subject} ${faces} ${JSON.stringify(metadata)}`),
    onRead() {},
    onUnread: (_error, name) => unread.push(name),
  });
  const read = async (tag: string, over: Partial<Subject> = {}) => {
    readings.at(-1)?.end.resolve({ subject: anna(over), tag });
    await settle();
  };
  return { person, readings, changes, removals, shown, unread, read };
}

describe('a person that is shown', () => {
  it('is changed with the tag of the state that was read, then with that of the answer', async () => {
    const { person, changes, shown, read } = scene();
    person.open('default', anna());
    const first = person.changeAsShown({ subject: 'Bo' });
    await settle();
    assert.equal(changes.length, 0, 'a list tells no tag: it waits for the reading');
    await read('"a"');
    assert.deepEqual([changes[0]?.name, changes[0]?.tag], ['Anna', '"a"']);
    changes[0]?.end.resolve({ subject: anna({ subject: 'Bo' }), tag: '"b"' });
    assert.equal((await first)?.subject, 'Bo');
    void person.changeAsShown({ metadata: { a: 1 } });
    await settle();
    assert.deepEqual([changes[1]?.name, changes[1]?.tag], ['Bo', '"b"']);
    assert.equal(shown.at(-1), 'Bo 2 {}');
  });

  it('is changed all the same where only faces came or went', async () => {
    const { person, changes, read } = scene();
    person.open('default', anna());
    await read('"a"');
    const work = person.changeAsShown({ metadata: { a: 1 } });
    await settle();
    changes[0]?.end.reject(stale());
    await settle();
    await read('"b"', { faces: 3 });
    assert.deepEqual([changes[1]?.tag, changes[1]?.wish], ['"b"', { metadata: { a: 1 } }]);
    changes[1]?.end.resolve({ subject: anna({ faces: 3, metadata: { a: 1 } }), tag: '"c"' });
    assert.deepEqual((await work)?.metadata, { a: 1 });
  });

  it('is not changed where somebody else changed it, whoever finds out', async () => {
    const { person, changes, shown, read } = scene();
    person.open('default', anna());
    await read('"a"');
    const isRefused = assert.rejects(
      person.changeAsShown({ metadata: { a: 1 } }),
      (error) => error instanceof ChangedMeanwhile && error.seen.faces === 2,
    );
    await settle();
    changes[0]?.end.reject(stale());
    await settle();
    await read('"b"', { metadata: { b: 2 } });
    await isRefused;
    assert.equal(shown.at(-1), 'Anna 2 {"b":2}');
    // A reading that was under way brings it: the server is not asked.
    void person.reload();
    const isRefusedEarly = assert.rejects(person.changeAsShown({ metadata: { a: 1 } }), ChangedMeanwhile);
    await read('"c"', { metadata: { b: 3 } });
    await isRefusedEarly;
    assert.equal(changes.length, 1);
  });

  it('is deleted only as somebody saw it when they said yes', async () => {
    const { person, removals, read } = scene();
    person.open('default', anna());
    await read('"a"');
    const seen = await person.settled();
    assert.ok(seen);
    void person.reload();
    await read('"b"', { faces: 9 });
    await assert.rejects(person.remove(seen), (error) => error instanceof ChangedMeanwhile && error.seen.faces === 2);
    assert.deepEqual(removals, ['"a"']);
  });

  it('keeps what a change brought where an older reading comes later', async () => {
    const { person, readings, changes, shown, read } = scene();
    person.open('default', anna());
    await read('"a"');
    void person.changeAsShown({ subject: 'Bo' });
    await settle();
    void person.reload();
    changes[0]?.end.resolve({ subject: anna({ subject: 'Bo' }), tag: '"b"' });
    await settle();
    assert.equal(readings[1]?.name, 'Anna');
    await read('"old"');
    assert.deepEqual([shown.at(-1), (await person.settled())?.tag], ['Bo 2 {}', '"b"']);
  });

  it('is not mistaken for who is shown by now', async () => {
    const { person, changes, shown, read } = scene();
    person.open('default', anna());
    await read('"a"');
    const work = person.changeAsShown({ subject: 'Bo' });
    await settle();
    person.open('default', anna({ id: '02', subject: 'Cleo' }));
    changes[0]?.end.resolve({ subject: anna({ subject: 'Bo' }), tag: '"b"' });
    assert.equal(await work, null);
    assert.equal(shown.at(-1), 'Cleo 2 {}');
    person.close();
    assert.equal(await person.settled(), null);
  });

  it('is read once more where it could not be, and then given up', async () => {
    const { person, readings, unread } = scene();
    person.open('default', anna());
    const work = person.settled();
    const failed = new ApiError({ status: 0, code: 'unreachable', detail: '' });
    readings[0]?.end.reject(failed);
    await settle();
    readings[1]?.end.reject(failed);
    assert.equal(await work, null);
    assert.deepEqual([readings.length, unread], [2, ['Anna', 'Anna']]);
  });
});
