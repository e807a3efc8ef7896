import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DataLink } from '../../workers/data-link.ts';
import { fakeImaging } from '../fixtures/fake-imaging.ts';

type Frame = { readonly ticket: number; readonly part: number; readonly bytes: readonly number[] };

function linked(t: TestContext, lingerMs?: number): { link: DataLink; frame: () => Promise<Frame> } {
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  const link = new DataLink(
    42,
    ({ ticket, part }, payload) => {
      const frame = { ticket, part, bytes: [...payload] };
      const waiter = waiting.shift();
      if (waiter === undefined) frames.push(frame);
      else waiter(frame);
    },
    (bytes) => new Uint8Array(bytes),
    lingerMs,
  );
  t.after(() => link.close());
  return {
    link,
    frame: () => {
      const ready = frames.shift();
      return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
    },
  };
}

test('says which worker it is and takes frames', async (t) => {
  const imaging = await fakeImaging(t);
  const { link, frame } = linked(t);
  link.connect(imaging.path);
  const connection = await imaging.connection();
  assert.equal(connection.worker, 42);
  await connection.send(7, 1, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await frame(), { ticket: 7, part: 1, bytes: [1, 2, 3] });
  link.close();
  await connection.closed;
  assert.equal(link.connected, false);
});

test('an imaging that ends is dropped without a word, and linked again', async (t) => {
  const [first, second] = [await fakeImaging(t), await fakeImaging(t)];
  const { link, frame } = linked(t);
  link.connect(first.path);
  await (await first.connection()).close();
  assert.equal(link.connected, false);
  link.connect(second.path);
  await (await second.connection()).send(8, 0, Uint8Array.of(9));
  assert.deepEqual(await frame(), { ticket: 8, part: 0, bytes: [9] });
});

test('a new link replaces one that still stands, half a frame and all', async (t) => {
  const [first, second] = [await fakeImaging(t), await fakeImaging(t)];
  const { link, frame } = linked(t, 1);
  link.connect(first.path);
  const old = await first.connection();
  await old.send(1, 0, Uint8Array.of(1));
  await frame();
  old.raw(new Uint8Array(10));
  link.connect(second.path);
  await old.closed;
  await (await second.connection()).send(2, 0, Uint8Array.of(2));
  assert.equal((await frame()).ticket, 2);
});

test('what an imaging had sent before it died is read, although the next one is linked already', async (t) => {
  const [first, second] = [await fakeImaging(t), await fakeImaging(t)];
  const { link, frame } = linked(t);
  link.connect(first.path);
  const old = await first.connection();
  // Nothing of this is read before the new link: the worker was busy.
  const sent = old.send(5, 0, new Uint8Array(100_000).fill(7));
  link.connect(second.path);
  await sent;
  const late = await frame();
  assert.deepEqual([late.ticket, late.bytes.length], [5, 100_000]);
  await old.close();
  assert.equal(link.connected, true);
  await (await second.connection()).send(6, 0, Uint8Array.of(1));
  assert.equal((await frame()).ticket, 6);
});

test('a stream that is not ours ends the connection, a socket that is not there is no crash', async (t) => {
  const imaging = await fakeImaging(t);
  const { link, frame } = linked(t);
  link.connect(imaging.path);
  const connection = await imaging.connection();
  connection.raw(new Uint8Array(64).fill(0xff));
  await connection.closed;
  assert.equal(link.connected, false);

  link.connect(`${imaging.path}.none`);
  link.connect(imaging.path);
  await (await imaging.connection()).send(3, 0, Uint8Array.of(3));
  assert.equal((await frame()).ticket, 3);
});
