import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { PROTOCOL_VERSION } from '../../src/contract/protocol.ts';
import type { InferParams, InferResult, ToModel } from '../../src/contract/protocol.ts';
import { Arena } from '../../src/frames/arena.ts';
import { createModelWorker } from '../../workers/serve.ts';
import type { ModelWorker, ServeOptions } from '../../workers/serve.ts';
import { fakeImaging } from '../fixtures/fake-imaging.ts';
import type { FakeConnection } from '../fixtures/fake-imaging.ts';
import { fakeOpen } from '../fixtures/fake-session.ts';
import type { FakeOpen, FakeRun } from '../fixtures/fake-session.ts';
import { goldenOf } from '../fixtures/golden.ts';
import { recognizerManifest } from '../fixtures/manifests.ts';
import { recordingPort } from '../fixtures/recording-port.ts';
import type { RecordingPort } from '../fixtures/recording-port.ts';

// 96 × 96 × 3 is large enough for the buffer pool.
const SIZE = 96;
const BYTES = SIZE * SIZE * 3;
const v = PROTOCOL_VERSION;

type Bench = RecordingPort & {
  readonly worker: ModelWorker;
  readonly fake: FakeOpen;
  readonly imaging: FakeConnection;
  readonly socketPath: string;
  readonly poisoned: unknown[];
  say(message: ToModel): void;
  infer(id: number, ticket: number, change?: Partial<InferParams>): void;
  /** From now on runs are held back until `finish` lets the oldest of them go on. */
  hold(): void;
  finish(error?: Error): void;
  /** Resolves when all that was sent before has been received. */
  received(): Promise<void>;
};

/** A loaded worker that is linked to a fake imaging. Its clock ticks 10 ms each time it is read. */
async function bench(t: TestContext, openWindow?: ServeOptions['openWindow']): Promise<Bench> {
  const fake = fakeOpen();
  const poisoned: unknown[] = [];
  let clock = 0;
  const worker = createModelWorker({
    worker: 5,
    open: fake.open,
    now: () => (clock += 10),
    poisoned: (error) => poisoned.push(error),
    openWindow,
  });
  const held: ((error?: Error) => void)[] = [];
  t.after(() => {
    for (const finish of held) finish();
    return worker.onStop();
  });
  const recording = recordingPort();
  const say = (message: ToModel): void => worker.onMessage(message, recording.port);
  const imaging = await fakeImaging(t);
  say({ v, type: 'link', path: imaging.path });
  const manifest = recognizerManifest(SIZE);
  const golden = goldenOf({ embedding: { size: SIZE, out: [1, 2, 3] } });
  const graphPaths = { embedding: '/e.onnx' };
  say({ v, type: 'load', id: 1, params: { manifest, golden, graphPaths, device: 'cpu', threads: 1 } });
  await recording.wait('result', 1);
  fake.runs.length = 0;
  const connection = await imaging.connection();
  const infer: Bench['infer'] = (id, ticket, change) => {
    const parts = [{ graph: 'embedding', shape: [1, SIZE, SIZE, 3], count: 1 }] as const;
    say({ v, type: 'infer', id, params: { ticket, parts, ...change } });
  };
  let barrier = 1000;
  return {
    ...recording,
    worker,
    fake,
    imaging: connection,
    socketPath: imaging.path,
    poisoned,
    say,
    infer,
    hold() {
      fake.answer = () =>
        new Promise((resolve, reject) => {
          held.push((error) => (error === undefined ? resolve(Float32Array.of(3, 0, 4)) : reject(error)));
        });
    },
    finish: (error) => held.shift()?.(error),
    async received() {
      // One byte too few is refused as soon as it is there, whatever runs.
      const id = ++barrier;
      infer(id, id);
      await connection.send(id, 0, new Uint8Array(1));
      await recording.wait('error', id);
    },
  };
}

const picture = (value: number, bytes = BYTES): Uint8Array => new Uint8Array(bytes).fill(value);

test('load tells its phases and its result; a second load is refused', async (t) => {
  const b = await bench(t);
  assert.deepEqual(
    b.said.map((message) => ('phase' in message ? message.phase : message.type)),
    ['create', 'warm', 'golden', 'result'],
  );
  const manifest = recognizerManifest(SIZE);
  b.say({
    v,
    type: 'load',
    id: 2,
    params: { manifest, golden: goldenOf({}), graphPaths: {}, device: 'cpu', threads: 1 },
  });
  assert.equal((await b.wait('error', 2)).error.code, 'conflict');
});

test('an inference: begin, then the decoded answer with its times', async (t) => {
  const b = await bench(t);
  b.infer(2, 77);
  await b.imaging.send(77, 0, picture(9));
  const { value } = await b.wait('result', 2);
  const { output, computeMs, waitMs } = value as InferResult;
  assert.ok(output.role === 'recognizer');
  assert.equal(output.embeddings.length, 3);
  assert.deepEqual({ computeMs, waitMs }, { computeMs: 10, waitMs: 10 });
  assert.deepEqual(
    b.said.slice(-2).map((message) => message.type),
    ['begin', 'result'],
  );
  assert.ok(b.fake.runs[0]?.data.every((x) => x === 9));
});

test('bytes may come before the message', async (t) => {
  const b = await bench(t);
  await b.imaging.send(5, 0, picture(1));
  await b.imaging.send(6, 0, picture(2));
  b.infer(3, 6);
  await b.wait('result', 3);
  b.infer(4, 5);
  await b.wait('result', 4);
  assert.deepEqual(
    b.fake.runs.map(({ data }) => data[0]),
    [2, 1],
  );
});

test('one at a time; a buffer is used again only after its run', async (t) => {
  const b = await bench(t);
  const run = (index: number): FakeRun => {
    const found = b.fake.runs[index];
    assert.ok(found, `run ${index} has begun`);
    assert.ok(
      found.data.every((x) => x === index + 2),
      `run ${index} sees its own bytes`,
    );
    return found;
  };
  b.hold();
  for (const n of [2, 3, 4]) {
    b.infer(n, n);
    await b.imaging.send(n, 0, picture(n));
  }
  await b.received();
  assert.equal(b.fake.runs.length, 1);
  const first = run(0).data.buffer;
  b.finish();
  await b.wait('begin', 3);
  await b.wait('result', 2);
  assert.ok(run(1).data.buffer !== first);
  b.infer(5, 5);
  await b.imaging.send(5, 0, picture(5));
  await b.received();
  run(1);
  b.finish();
  await b.wait('begin', 4);
  assert.ok(run(2).data.buffer !== first);
  b.finish();
  await b.wait('begin', 5);
  assert.ok(run(3).data.buffer === first);
  b.finish();
  await b.wait('result', 5);
});

test('abandoned before its bytes came: no word of it, the next is served', async (t) => {
  const b = await bench(t);
  b.infer(2, 2);
  b.say({ v, type: 'abandon', id: 2 });
  await b.imaging.send(2, 0, picture(2));
  b.infer(3, 3);
  await b.imaging.send(3, 0, picture(3));
  await b.wait('result', 3);
  assert.equal(b.fake.runs.length, 1);
  assert.ok(b.said.every((message) => !('id' in message && message.id === 2)));
});

test('abandoned in the queue: never begun; abandoned while it runs: answered, so that its end is known', async (t) => {
  const b = await bench(t);
  b.hold();
  for (const n of [2, 3, 4]) {
    b.infer(n, n);
    await b.imaging.send(n, 0, picture(n));
  }
  await b.wait('begin', 2);
  await b.received();
  b.say({ v, type: 'abandon', id: 3 });
  b.say({ v, type: 'abandon', id: 2 });
  b.say({ v, type: 'abandon', id: 99 });
  b.finish();
  await b.wait('begin', 4);
  b.finish();
  await b.wait('result', 4);
  assert.deepEqual(
    b.said.flatMap((message) =>
      'id' in message && message.id > 1 && message.id < 1000 ? [[message.type, message.id]] : [],
    ),
    [
      ['begin', 2],
      ['result', 2],
      ['begin', 4],
      ['result', 4],
    ],
  );
  assert.deepEqual(
    b.fake.runs.map(({ data }) => data[0]),
    [2, 4],
  );
});

test('what the graphs cannot run is invalid_argument, and the worker serves on', async (t) => {
  const b = await bench(t);
  b.infer(2, 2, { parts: [{ graph: 'other', shape: [1, SIZE, SIZE, 3], count: 1 }] });
  b.infer(3, 3, { parts: [] });
  b.infer(4, 4);
  await b.imaging.send(4, 0, picture(1, BYTES - 1));
  b.infer(5, 5);
  await b.imaging.send(5, 1, picture(1));
  const broken = { v, type: 'infer', id: 6 } as unknown as ToModel;
  b.say(broken);
  for (const id of [2, 3, 4, 5, 6]) assert.equal((await b.wait('error', id)).error.code, 'invalid_argument', `${id}`);
  await b.imaging.send(2, 0, picture(2));
  b.infer(7, 7);
  await b.imaging.send(7, 0, picture(7));
  await b.wait('result', 7);
  assert.equal(b.fake.runs.length, 1);
});

test('a run that fails, or gives NaN, is model_failed; memory has its own code', async (t) => {
  const b = await bench(t);
  b.hold();
  b.infer(2, 2);
  await b.imaging.send(2, 0, picture(2));
  await b.wait('begin', 2);
  b.finish(new Error('the graph is broken'));
  assert.equal((await b.wait('error', 2)).error.code, 'model_failed');
  b.fake.answer = async () => Float32Array.of(1, Number.NaN, 0);
  b.infer(3, 3);
  await b.imaging.send(3, 0, picture(3));
  assert.equal((await b.wait('error', 3)).error.code, 'model_failed');
  assert.deepEqual(b.poisoned, []);
});

test('a sticky error ends the process and answers nobody', async (t) => {
  const b = await bench(t);
  b.fake.answer = async () => {
    throw new Error('CUDA failure 700: an illegal memory access was encountered');
  };
  b.infer(2, 2);
  await b.imaging.send(2, 0, picture(2));
  await b.wait('begin', 2);
  await turn();
  assert.equal(b.poisoned.length, 1);
  assert.ok(b.said.every((message) => message.type !== 'error'));
});

test('the probe waits its turn and goes through the real graph', async (t) => {
  const b = await bench(t);
  b.hold();
  b.infer(2, 2);
  await b.imaging.send(2, 0, picture(2));
  await b.wait('begin', 2);
  b.say({ v, type: 'probe', id: 3, params: {} });
  await turn();
  assert.ok(b.said.every((message) => !('id' in message && message.id === 3)));
  b.finish();
  await b.wait('begin', 3);
  b.finish();
  const { value } = await b.wait('result', 3);
  const { passed, minCosine } = value as { passed: boolean; minCosine: number };
  assert.equal(passed, false);
  assert.ok(minCosine < 0.9);
});

test('stop answers what has begun and drops the rest', async (t) => {
  const b = await bench(t);
  b.hold();
  for (const n of [2, 3]) {
    b.infer(n, n);
    await b.imaging.send(n, 0, picture(n));
  }
  await b.wait('begin', 2);
  await b.received();
  const stopped = b.worker.onStop();
  b.finish();
  await stopped;
  await b.wait('result', 2);
  await b.imaging.closed;
  assert.equal(b.fake.runs.length, 1);
});

test('before the load everything is model_loading; another protocol is refused', async () => {
  const { port, wait } = recordingPort();
  const worker = createModelWorker({ worker: 1, open: fakeOpen().open, now: () => 0, poisoned: () => {} });
  const parts = [{ graph: 'embedding', shape: [1, SIZE, SIZE, 3], count: 1 }] as const;
  worker.onMessage({ v, type: 'infer', id: 1, params: { ticket: 1, parts } }, port);
  worker.onMessage({ v, type: 'probe', id: 2, params: {} }, port);
  worker.onMessage({ v: v + 1, type: 'probe', id: 3, params: {} }, port);
  assert.equal((await wait('error', 1)).error.code, 'model_loading');
  assert.equal((await wait('error', 2)).error.code, 'model_loading');
  assert.equal((await wait('error', 3)).error.code, 'invalid_argument');
  await worker.onStop();
});

test('a load that fails says why', async () => {
  const { port, wait } = recordingPort();
  const open = (): Promise<never> => Promise.reject(new Error('no such graph'));
  const worker = createModelWorker({ worker: 1, open, now: () => 0, poisoned: () => {} });
  const manifest = recognizerManifest(SIZE);
  const params = { manifest, golden: goldenOf({}), graphPaths: { embedding: '/x' }, device: 'cpu', threads: 1 };
  worker.onMessage({ v, type: 'load', id: 1, params }, port);
  const { error } = await wait('error', 1);
  assert.deepEqual({ code: error.code, message: error.message }, { code: 'model_failed', message: 'no such graph' });
  await worker.onStop();
});

/** Arenas whose memory is the worker's window, one after the other. */
async function sharing(t: TestContext) {
  const memory = new ArrayBuffer(10 * BYTES);
  const b = await bench(t, () => ({ memory, map: () => {} }));
  const link = (arena: number): Arena => {
    b.say({ v, type: 'link', path: b.socketPath, arena: { arena, path: '/shared', bytes: memory.byteLength } });
    return new Arena(memory, arena);
  };
  const place = (arena: Arena, value: number) => {
    const slot = arena.place(BYTES);
    assert.ok(slot !== null);
    slot.data.fill(value);
    return slot;
  };
  return { ...b, link, place };
}

test('tensors are read where imaging wrote them', async (t) => {
  const b = await sharing(t);
  const slot = b.place(b.link(4), 7);
  assert.deepEqual(b.said.at(-1), { type: 'mapped', arena: 4 });
  b.infer(2, 1, { shared: [slot.tensor] });
  await b.wait('result', 2);
  assert.ok(b.fake.runs[0]?.data.every((x) => x === 7));
  assert.equal(b.fake.runs[0]?.data.buffer, slot.data.buffer, 'not copied');
});

test('a slot that became another picture’s gives no answer, before the run or after', async (t) => {
  const b = await sharing(t);
  const arena = b.link(4);
  b.hold();
  const [running, waiting] = [b.place(arena, 1), b.place(arena, 2)];
  b.infer(2, 1, { shared: [running.tensor] });
  b.infer(3, 2, { shared: [waiting.tensor] });
  await b.wait('begin', 2);
  running.free();
  waiting.free();
  b.place(arena, 3);
  b.finish();
  assert.equal((await b.wait('error', 2)).error.code, 'internal');
  assert.equal((await b.wait('error', 3)).error.code, 'internal');
  assert.equal(b.fake.runs.length, 1);
  assert.ok(b.said.every((message) => message.type !== 'result' || message.id === 1));
});

test('the memory of the next imaging is mapped when the calls with this one’s are over', async (t) => {
  const b = await sharing(t);
  const slot = b.place(b.link(4), 1);
  b.hold();
  b.infer(2, 1, { shared: [slot.tensor] });
  b.infer(3, 2, { shared: [slot.tensor] });
  await b.wait('begin', 2);
  b.say({ v, type: 'link', path: b.socketPath, arena: { arena: 5, path: '/next', bytes: 10 * BYTES } });
  b.say({ v, type: 'abandon', id: 3 });
  assert.deepEqual(
    b.said.filter((message) => message.type === 'mapped'),
    [{ type: 'mapped', arena: 4 }],
  );
  b.finish();
  await b.wait('result', 2);
  await turn();
  assert.deepEqual(b.said.at(-1), { type: 'mapped', arena: 5 });
});

test('shared tensors without shared memory, or of the wrong size, are refused', async (t) => {
  const b = await bench(t);
  const tensor = { arena: 4, slot: 0, generation: 1, at: 64, bytes: BYTES };
  b.infer(2, 1, { shared: [tensor] });
  assert.equal((await b.wait('error', 2)).error.code, 'invalid_argument');
  const s = await sharing(t);
  const slot = s.place(s.link(4), 1);
  s.infer(2, 1, { shared: [{ ...slot.tensor, bytes: BYTES - 1 }] });
  assert.equal((await s.wait('error', 2)).error.code, 'invalid_argument');
});
