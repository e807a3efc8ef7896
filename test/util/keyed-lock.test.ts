import assert from 'node:assert/strict';
import test from 'node:test';
import { KeyedLock } from '../../src/util/keyed-lock.ts';

/** Work that ends when it is told to, and writes down when it began and ended. */
function scripted() {
  const log: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (name: string) => () => {
    log.push(`${name} begins`);
    return new Promise<string>((resolve, reject) => {
      ends.set(name, (error) => {
        log.push(`${name} ends`);
        if (error === undefined) resolve(name);
        else reject(error);
      });
    });
  };
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, work, end };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('one after the other by key, in the order of asking; other keys do not wait', async () => {
  const lock = new KeyedLock();
  const { log, work, end } = scripted();
  const a = lock.run('k', work('a'));
  const b = lock.run('k', work('b'));
  const c = lock.run('other', work('c'));
  await settle();
  assert.deepEqual(log, ['a begins', 'c begins']);
  await end('a');
  assert.deepEqual(log, ['a begins', 'c begins', 'a ends', 'b begins']);
  await end('b');
  await end('c');
  assert.deepEqual(await Promise.all([a, b, c]), ['a', 'b', 'c']);
  assert.equal(lock.size, 0, 'nothing is kept');
});

test('work that fails frees its place', async () => {
  const lock = new KeyedLock();
  const { log, work, end } = scripted();
  const a = lock.run('k', work('a'));
  const b = lock.run('k', work('b'));
  await settle();
  await Promise.all([end('a', new Error('broken')), assert.rejects(a, /broken/)]);
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins']);
  await end('b');
  assert.equal(await b, 'b');
  assert.equal(lock.size, 0);
});

test('who is aborted while it waits leaves, and those behind it still wait for those before it', async () => {
  const lock = new KeyedLock();
  const { log, work, end } = scripted();
  const abort = new AbortController();
  const a = lock.run('k', work('a'));
  const b = lock.run('k', work('b'), abort.signal);
  const c = lock.run('k', work('c'));
  await settle();
  abort.abort(new Error('gone'));
  await assert.rejects(b, /gone/);
  await settle();
  assert.deepEqual(log, ['a begins'], 'c has to wait for a');
  await end('a');
  assert.deepEqual(log, ['a begins', 'a ends', 'c begins']);
  await end('c');
  await Promise.all([a, c]);
  assert.equal(lock.size, 0);
});

test('work that has begun is not cut off', async () => {
  const lock = new KeyedLock();
  const { work, end } = scripted();
  const abort = new AbortController();
  const a = lock.run('k', work('a'), abort.signal);
  await settle();
  abort.abort(new Error('gone'));
  await end('a');
  assert.equal(await a, 'a');
});
