import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ENV_PARENT_PID, PROTOCOL_VERSION } from '../../../src/contract/protocol.ts';
import type { CropResult, FromChild, OpenResult, ToImaging } from '../../../src/contract/protocol.ts';
import { encodeHeader } from '../../../src/frames/header.ts';
import { Inbox } from '../../../src/frames/inbox.ts';
import { connectAsWorker } from '../../../src/frames/socket.ts';
import { RED, farthest, quadrants } from './support.ts';

const v = PROTOCOL_VERSION;
const WORKER = 7;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'facepool-imaging-'));
const socketPath = path.join(dir, 'data.sock');
const inbox = new Inbox();

let child: ChildProcess;
let worker: net.Socket;
const heard: FromChild[] = [];
const listeners = new Set<(message: FromChild) => void>();

/** The first message, past or future, that `wanted` accepts. */
function message<T extends FromChild['type']>(
  type: T,
  wanted: (message: Extract<FromChild, { type: T }>) => boolean = () => true,
): Promise<Extract<FromChild, { type: T }>> {
  const fits = (m: FromChild): m is Extract<FromChild, { type: T }> =>
    m.type === type && wanted(m as Extract<FromChild, { type: T }>);
  const past = heard.find(fits);
  if (past !== undefined) return Promise.resolve(past);
  return new Promise((resolve) => {
    const listen = (m: FromChild): void => {
      if (!fits(m)) return;
      listeners.delete(listen);
      resolve(m);
    };
    listeners.add(listen);
  });
}

async function call<T>(request: Extract<ToImaging, { params: unknown }>): Promise<T> {
  child.send(request);
  const { value } = await message('result', (m) => m.id === request.id);
  return value as T;
}

function upload(ticket: number, bytes: Uint8Array): void {
  const pipe = child.stdio[4] as net.Socket;
  pipe.write(encodeHeader({ ticket, part: 0, length: bytes.length }));
  pipe.write(bytes);
}

before(async () => {
  child = fork(new URL('../../../workers/imaging/main.ts', import.meta.url), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    env: { ...process.env, [ENV_PARENT_PID]: String(process.pid) },
  });
  child.on('message', (m: FromChild) => {
    heard.push(m);
    for (const listen of listeners) listen(m);
  });
  const hello = await message('hello');
  assert.deepEqual([hello.kind, hello.v, hello.pid], ['imaging', v, child.pid]);
  const config = { socketPath, maxFrameBytes: 1e8, cropThreads: 1, poolFromFaces: 8, sharedBytes: 1e7 };
  child.send({ v, type: 'configure', config } satisfies ToImaging);
  await message('listening');
});

after(() => {
  worker.destroy();
  fs.rmSync(dir, { recursive: true, force: true });
});

const params = { maxPixels: 1e8, fit: 640, multipleOf: 32 };

test('a picture goes in by the pipe, its tensors come out at the worker', { timeout: 30_000 }, async () => {
  upload(11, await quadrants(1280, 800).jpeg().toBuffer());
  const opened = await call<OpenResult>({ v, type: 'open', id: 1, params: { ...params, ticket: 11 } });
  assert.deepEqual([opened.width, opened.inputWidth, opened.inputHeight], [1280, 640, 416]);
  assert.ok(heard.some((m) => m.type === 'begin' && m.id === 1));

  const { frame } = opened;
  const face = { box: { x_min: 100, y_min: 100, x_max: 400, y_max: 400 }, landmarks: null };
  const spec = { kind: 'box', size: 128, margin: 1.5, border: 'reflect-101' } as const;
  const crops = await call<CropResult>({ v, type: 'crop', id: 2, params: { frame, faces: [face], specs: [spec] } });

  // The delivery is asked for first, the worker links afterwards.
  const items = [{ kind: 'input' }, { kind: 'crops', set: crops.set, spec: 0, from: 0, count: 1, batch: 4 }] as const;
  const delivered = call<{ bytes: number }>({
    v,
    type: 'deliver',
    id: 3,
    params: { frame, to: WORKER, ticket: 12, items },
  });
  worker = connectAsWorker(socketPath, WORKER, {
    onFrame: (header, payload) => inbox.receive(header, payload),
    onBroken: (error) => assert.fail(error),
  });
  const [input, batch] = await inbox.take(12, 2);
  assert.equal(input?.length, 640 * 416 * 3);
  assert.equal(batch?.length, 4 * 128 * 128 * 3);
  assert.equal((await delivered).bytes, 640 * 416 * 3 + 4 * 128 * 128 * 3);
  const middle = (64 * 128 + 64) * 3;
  assert.ok(farthest([...(batch?.subarray(middle, middle + 3) ?? [])], RED) <= 6);
  assert.ok(batch?.subarray(128 * 128 * 3).every((value) => value === 0));

  const encode = { frame, faces: [face], margin: 0.1, quality: 80 };
  const { jpegs } = await call<{ jpegs: Uint8Array[] }>({ v, type: 'encode', id: 4, params: encode });
  assert.deepEqual([...(jpegs[0]?.subarray(0, 3) ?? [])], [0xff, 0xd8, 0xff]);

  child.send({ v, type: 'close', frame } satisfies ToImaging);
  child.send({ v, type: 'crop', id: 5, params: { frame, faces: [face], specs: [spec] } } satisfies ToImaging);
  assert.equal((await message('error', (m) => m.id === 5)).error.code, 'not_found');
});

test('errors cross as plain objects of the catalogue', { timeout: 30_000 }, async () => {
  upload(21, Buffer.from('no picture'));
  child.send({ v, type: 'open', id: 21, params: { ...params, ticket: 21 } } satisfies ToImaging);
  const { error } = await message('error', (m) => m.id === 21);
  assert.equal(error.code, 'unsupported_media');
  assert.equal(error.stack, undefined);
});

test('told to stop, it finishes, removes its socket and exits 0', { timeout: 30_000 }, async () => {
  upload(31, await quadrants(3000, 2000).png().toBuffer());
  child.send({ v, type: 'open', id: 31, params: { ...params, ticket: 31 } } satisfies ToImaging);
  await message('begin', (m) => m.id === 31);
  const exited = once(child, 'exit');
  child.send({ v, type: 'stop' } satisfies ToImaging);
  await message('result', (m) => m.id === 31);
  assert.deepEqual(await exited, [0, null]);
  assert.equal(fs.existsSync(socketPath), false);
});
