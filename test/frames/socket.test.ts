import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { HELLO_TICKET } from '../../src/frames/header.ts';
import { FrameReader } from '../../src/frames/reader.ts';
import { connectAsWorker, writeFrame } from '../../src/frames/socket.ts';
import { seededBytes } from '../../src/util/seeded.ts';

test('a worker says who it is and gets large tensors whole, in order', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'facepool-frames-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'data.sock');
  const tensor = seededBytes(9, 1_228_800);
  const hello = Promise.withResolvers<number>();
  const server = net.createServer((socket) => {
    const reader = new FrameReader((header) => {
      assert.equal(header.ticket, HELLO_TICKET);
      hello.resolve(header.part);
      void (async () => {
        for (let ticket = 1; ticket <= 20; ticket++)
          await writeFrame(socket, { ticket, part: 0, length: tensor.length }, tensor);
        await writeFrame(socket, { ticket: 21, part: 0, length: 0 }, new Uint8Array(0));
      })();
    });
    socket.on('data', (chunk) => reader.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  t.after(() => server.close());

  const tickets: number[] = [];
  const done = Promise.withResolvers<void>();
  const socket = connectAsWorker(file, 42, {
    onFrame: (header, payload) => {
      tickets.push(header.ticket);
      if (header.ticket === 21) done.resolve();
      else if (Buffer.compare(payload, tensor) !== 0) done.reject(new Error(`tensor ${header.ticket} is damaged`));
    },
    onBroken: (error) => done.reject(error),
  });
  t.after(() => socket.destroy());
  assert.equal(await hello.promise, 42);
  await done.promise;
  assert.deepEqual(
    tickets,
    Array.from({ length: 21 }, (_, i) => i + 1),
  );
});

test('bytes that are no frame break the connection and are told', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'facepool-frames-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'data.sock');
  const server = net.createServer((socket) => socket.end(Buffer.alloc(64, 1)));
  await new Promise<void>((resolve) => server.listen(file, resolve));
  t.after(() => server.close());
  const broken = Promise.withResolvers<Error>();
  const socket = connectAsWorker(file, 1, { onFrame: () => {}, onBroken: broken.resolve });
  t.after(() => socket.destroy());
  assert.match((await broken.promise).message, /not a frame header/);
});

test('a write to a connection that is gone rejects', async () => {
  const socket = new net.Socket();
  socket.on('error', () => {});
  socket.destroy();
  await assert.rejects(writeFrame(socket, { ticket: 1, part: 0, length: 1 }, new Uint8Array(1)));
});
