import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import type { ImagingCalls } from '../../src/contract/protocol.ts';
import { FrameReader } from '../../src/frames/reader.ts';
import { ImagingClient } from '../../src/router/imaging-client.ts';
import { Child } from '../../src/supervisor/child.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import type { Spawned, SpawnRequest } from '../../src/supervisor/spawn.ts';
import { counter } from '../../src/util/counter.ts';
import { FakeProcess, settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const GEOMETRY = { maxPixels: 1e8, fit: 640, multipleOf: 32 };
const OPENED = { frame: 5, width: 10, height: 10, decodeMs: 1 };

function setUp(concurrency = 2) {
  const clock = new ManualClock();
  let changed = (): void => {};
  let child: Child<ImagingCalls> | null = null;
  const client = new ImagingClient(
    {
      name: 'imaging',
      readyChild: () => (child?.alive === true ? child : null),
      availability: () => 'ready',
      reason: () => '',
      onChange: (fn) => {
        changed = fn;
      },
    },
    { queueLimit: 10, maxAttempts: 2, clock, nextTicket: counter(), concurrency, decodeTimeoutMs: 9000 },
  );
  const bring = () => {
    const process = new FakeProcess(1, {} as SpawnRequest);
    const pipe = new PassThrough();
    const uploads = new Map<number, string>();
    const reader = new FrameReader((header, payload) => uploads.set(header.ticket, Buffer.from(payload).toString()));
    pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    pipe.on('error', () => {});
    const spawned: Spawned = {
      pid: process.pid,
      send: process.send,
      kill: process.kill,
      onMessage: process.onMessage,
      onExit: process.onExit,
      uploadPipe: pipe as unknown as Socket,
    };
    child = new Child<ImagingCalls>(spawned, 1, clock);
    child.onSettled = () => changed();
    changed();
    return { process, pipe, uploads };
  };
  const open = (text: string, signal = new AbortController().signal) =>
    client.open({ bytes: Buffer.from(text), geometry: GEOMETRY, signal, charges: { count: 0 } });
  return { client, bring, open, clock };
}

const opens = (process: FakeProcess) => process.sent.filter((m) => m.type === 'open');

test('the upload goes over the pipe under the ticket of the call; a handle on the frame comes back', async () => {
  const { bring, open } = setUp();
  const { process, uploads } = bring();
  const opening = open('a picture');
  await settle();
  const call = process.lastCall('open');
  const { ticket, ...rest } = call.params as { ticket: number };
  assert.deepEqual(rest, GEOMETRY);
  assert.equal(uploads.get(ticket), 'a picture');
  process.say({ type: 'result', id: call.id, value: OPENED });
  const frame = (await opening).value;
  assert.equal(frame.frame, 5);

  const crop = frame.crop({ faces: [], specs: [] }, new AbortController().signal);
  assert.deepEqual(process.lastCall('crop').params, { frame: 5, faces: [], specs: [] });
  process.say({ type: 'result', id: process.lastCall('crop').id, value: { set: 1 } });
  assert.deepEqual(await crop, { set: 1 });
  void frame.deliver(3, 44, [{ kind: 'input' }], new AbortController().signal);
  assert.deepEqual(process.lastCall('deliver').params, { frame: 5, to: 3, ticket: 44, items: [{ kind: 'input' }] });
  frame.close();
  frame.close();
  assert.deepEqual(
    process.sent.filter((m) => m.type === 'close').map((m) => m['frame']),
    [5],
  );
});

test('no more than `concurrency` pictures are with it; the next one goes when one is open', async () => {
  const { client, bring, open } = setUp(2);
  const { process } = bring();
  const first = open('a');
  void open('b');
  void open('c');
  assert.equal(opens(process).length, 2);
  assert.equal(client.queueLength, 1);
  process.say({ type: 'result', id: opens(process)[0]?.id, value: OPENED });
  await first;
  assert.equal(opens(process).length, 3);
});

test('a decode that its caller gave up keeps its place until it ends: clients that go cannot pile decodes up', async () => {
  const { bring, open } = setUp(2);
  const { process } = bring();
  const gone = new AbortController();
  const given = [open('a', gone.signal), open('b', gone.signal)];
  for (const { id } of opens(process)) process.say({ type: 'begin', id });
  void open('c');
  gone.abort(new Error('client gone'));
  for (const one of given) await assert.rejects(one, /client gone/);
  assert.equal(opens(process).length, 2, 'both decodes still run');
  process.say({ type: 'error', id: opens(process)[0]?.id, error: { code: 'deadline_exceeded', message: 'abandoned' } });
  await settle();
  assert.equal(opens(process).length, 3);
});

test('a picture that waits for memory past every deadline is a hang', async () => {
  const { bring, open, clock } = setUp();
  const { process } = bring();
  const opening = open('a').catch(() => {});
  process.say({ type: 'begin', id: process.lastCall('open').id });
  clock.advance(8999);
  assert.deepEqual(process.signals, []);
  clock.advance(1);
  assert.deepEqual(process.signals, ['SIGKILL']);
  void opening;
});

test('when imaging dies, a picture that was not open yet goes to its successor; a handle on a frame only fails', async () => {
  const { bring, open } = setUp();
  const first = bring();
  const opened = open('a');
  first.process.say({ type: 'result', id: first.process.lastCall('open').id, value: OPENED });
  const { value: frame } = await opened;
  const waiting = open('b');
  first.process.exit({ code: null, signal: 'SIGKILL' });
  await assert.rejects(frame.crop({ faces: [], specs: [] }, new AbortController().signal), ChildGoneError);
  await settle();
  const second = bring();
  await settle();
  assert.deepEqual([...second.uploads.values()], ['b']);
  second.process.say({ type: 'result', id: second.process.lastCall('open').id, value: OPENED });
  assert.equal((await waiting).value.frame, 5);
  frame.close();
  assert.equal(
    second.process.sent.some((m) => m.type === 'close'),
    false,
    'frame 5 of the successor is another',
  );
});

test('an imaging whose pipe is broken is ended: it would wait for uploads that cannot come', async () => {
  const { bring, open } = setUp();
  const { process, pipe } = bring();
  pipe.destroy(new Error('EPIPE'));
  const opening = open('a');
  await settle();
  assert.deepEqual(process.signals, ['SIGKILL']);
  const second = bring();
  await settle();
  second.process.say({ type: 'result', id: second.process.lastCall('open').id, value: OPENED });
  assert.equal((await opening).value.frame, 5);
});

test('imaging is told which request the picture, its crops and its transfers are for', async () => {
  const { client, bring } = setUp();
  const { process } = bring();
  const { signal } = new AbortController();
  const opening = client.open({
    bytes: Buffer.from('a picture'),
    geometry: GEOMETRY,
    requestId: 'request-7',
    signal,
    charges: { count: 0 },
  });
  await settle();
  process.say({ type: 'result', id: process.lastCall('open').id, value: OPENED });
  const { value: frame } = await opening;
  void frame.crop({ faces: [], specs: [] }, signal);
  void frame.encode({ faces: [], margin: 0, quality: 90 }, signal);
  void frame.deliver(1, 1, [{ kind: 'input' }], signal);
  const calls = process.sent.filter(({ type }) => type !== 'ping');
  assert.deepEqual(
    calls.map((message) => [message.type, message['requestId']]),
    ['open', 'crop', 'encode', 'deliver'].map((type) => [type, 'request-7']),
  );
});

test('a picture that is held is closed in imaging when the last hold is let go', async () => {
  const { bring, open } = setUp();
  const { process } = bring();
  const opening = open('a');
  process.say({ type: 'result', id: process.lastCall('open').id, value: OPENED });
  const frame = (await opening).value;
  const closes = (): number => process.sent.filter((m) => m.type === 'close').length;
  const [first, second] = [frame.hold(), frame.hold()];
  frame.close();
  first();
  first();
  assert.equal(closes(), 0);
  const again = frame.hold();
  second();
  second();
  assert.equal(closes(), 0);
  again();
  frame.close();
  assert.equal(closes(), 1);
  assert.throws(() => frame.hold(), /closed/);
});
