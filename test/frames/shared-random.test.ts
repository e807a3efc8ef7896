/**
 * The shared memory under everything that may happen to it: clients that go at any moment, imaging and model processes
 * that are killed at any moment, messages that take any time. Real memory, real routers, services and workers; only the
 * processes are not. Every picture is one colour, and a run reads it slowly.
 */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import process from 'node:process';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import sharp from 'sharp';
import type { ArenaRef, ImagingCalls, ModelCalls, ToImaging, ToModel } from '../../src/contract/protocol.ts';
import { Arena } from '../../src/frames/arena.ts';
import { Inbox } from '../../src/frames/inbox.ts';
import { FrameReader } from '../../src/frames/reader.ts';
import { ImagingClient } from '../../src/router/imaging-client.ts';
import { ModelRouter } from '../../src/router/model-router.ts';
import { Child } from '../../src/supervisor/child.ts';
import { counter } from '../../src/util/counter.ts';
import { ImagingService } from '../../workers/imaging/service.ts';
import { createModelWorker } from '../../workers/serve.ts';
import { createSharedMemory } from '../../workers/shared-memory.ts';
import { goldenOf } from '../fixtures/golden.ts';
import { fakeOpen } from '../fixtures/fake-session.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { recognizerManifest } from '../fixtures/manifests.ts';
import { picker } from '../fixtures/random.ts';
import { Wire } from '../fixtures/wire.ts';

const SIZE = 32;
/** Room for a few pictures only: slots are used again at once. */
const ARENA_BYTES = 5 * 4096;
const SHADES = 200;

type Imaging = {
  readonly child: Child<ImagingCalls>;
  readonly wire: Wire;
  readonly arena: Arena;
  readonly ref: ArenaRef;
};
type Model = { readonly child: Child<ModelCalls>; readonly wire: Wire };

function rig(t: TestContext, seed: number) {
  const choice = picker(seed);
  const nextId = counter();
  const clock = new ManualClock();
  const tickets = counter();
  /** What a run saw that it must never see. */
  const mixed: string[] = [];
  const seen = { shared: 0, fed: 0 };
  let imaging: Imaging | null = null;
  let model: Model | null = null;
  const changed: (() => void)[] = [];
  const tell = (): void => {
    for (const fn of changed) fn();
  };

  const link = (): void => {
    if (imaging === null || model === null) return;
    model.child.arena = null;
    model.child.notify({ type: 'link', path: '/nowhere/facepool.sock', arena: imaging.ref });
  };

  const startImaging = (): void => {
    const id = nextId();
    const { memory, path } = createSharedMemory(ARENA_BYTES);
    const arena = new Arena(memory, id);
    const uploads = new Inbox();
    const config = {
      socketPath: '',
      maxFrameBytes: 1e8,
      cropThreads: 0,
      poolFromFaces: 1000,
      sharedBytes: ARENA_BYTES,
    };
    const service = new ImagingService(config, uploads, arena);
    const pipe = new PassThrough();
    const wire = new Wire(choice, pipe);
    const reader = new FrameReader((header, payload) => wire.dead || uploads.receive(header, payload));
    pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    wire.heard = (raw) => {
      const message = raw as ToImaging;
      if (message.type === 'close') service.close(message.frame);
      else if (message.type === 'abandon') service.abandon(message.id);
      else if (message.type === 'ping') wire.port.result(message.id, 1);
      // The worker of this test has no socket: what would be sent to it is looked at and refused.
      else if (message.type === 'deliver') wire.port.fail(message.id, null);
      else if (message.type === 'open') service.call(message, wire.port);
    };
    const child = new Child<ImagingCalls>(wire, id, clock);
    child.onSettled = tell;
    imaging = { child, wire, arena, ref: { arena: id, path, bytes: ARENA_BYTES } };
    void child.exited.then(() => {
      startImaging();
      link();
      tell();
    });
  };

  /** A run looks at every byte several times; what lies in a killed process's hands is nobody's concern. */
  const slowRuns = (wire: Wire) => {
    const fake = fakeOpen();
    fake.answer = async ({ data, dims }) => {
      const shade = data[0] ?? 0;
      const isShared = data.byteLength < data.buffer.byteLength;
      for (let turns = choice.below(80); turns >= 0; turns--) {
        if (isShared && !wire.dead && data.some((x) => x !== shade)) mixed.push(`a run of ${shade} saw another`);
        await turn();
      }
      return Float32Array.from(Array.from({ length: dims[0] ?? 1 }, () => [shade, 0, 0]).flat());
    };
    return fake;
  };
  const manifest = recognizerManifest(SIZE);
  const golden = goldenOf({ embedding: { size: SIZE, out: [1, 0, 0] } });

  const startModel = (): void => {
    const id = nextId();
    const wire = new Wire(choice, new PassThrough());
    const worker = createModelWorker({ worker: id, open: slowRuns(wire).open, now: () => 0, poisoned: () => {} });
    t.after(() => worker.onStop());
    const child = new Child<ModelCalls>(wire, id, clock);
    wire.heard = (raw) => {
      const message = raw as ToModel;
      if (message.type === 'ping') wire.port.result(message.id, 1);
      else worker.onMessage(message, wire.port);
    };
    const params = { manifest, golden, graphPaths: { embedding: '/e' }, device: 'cpu', threads: 1 };
    void child.call('load', params).then(
      () => {
        child.onSettled = tell;
        model = { child, wire };
        link();
        tell();
      },
      () => {},
    );
    void child.exited.then(() => {
      if (model?.child === child) model = null;
      startModel();
    });
  };

  const target = <C extends ImagingCalls | ModelCalls>(name: string, child: () => Child<C> | undefined) => ({
    name,
    readyChild: () => (child()?.alive === true ? (child() ?? null) : null),
    availability: () => 'ready' as const,
    reason: () => '',
    onChange: (fn: () => void) => {
      changed.push(fn);
    },
  });
  const common = { queueLimit: 100, maxAttempts: 1000, clock, nextTicket: tickets };
  const client = new ImagingClient(
    target<ImagingCalls>('imaging', () => imaging?.child),
    { ...common, concurrency: 4, decodeTimeoutMs: 1e6 },
  );
  const router = new ModelRouter(
    target<ModelCalls>('model', () => model?.child),
    { ...common, inferTimeoutMs: 1e6 },
  );
  startImaging();
  startModel();

  /** The shade that was recognised; null when the request was given up or its picture was lost with imaging. */
  const request = async (picture: Uint8Array, signal: AbortSignal): Promise<number | null> => {
    try {
      const geometry = { maxPixels: 1e6, fit: SIZE, multipleOf: SIZE };
      const { value: frame } = await client.open({ bytes: picture, geometry, signal, charges: { count: 0 } });
      try {
        const { value } = await router.infer({
          parts: [{ graph: 'embedding', shape: [1, SIZE, SIZE, 3], count: 1 }],
          shared: frame.shared && { tensors: [frame.shared], hold: () => frame.hold() },
          feed: (to, ticket) => {
            seen.fed += 1;
            return frame.deliver(to, ticket, [{ kind: 'input' }], signal);
          },
          signal,
          charges: { count: 0 },
        });
        assert.ok(value.output.role === 'recognizer');
        seen.shared += 1;
        return value.output.norms[0] ?? -1;
      } finally {
        frame.close();
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return null;
    }
  };
  return {
    choice,
    mixed,
    seen,
    request,
    killImaging: () => imaging?.wire.kill(),
    killModel: () => model?.wire.kill(),
    takenBytes: () => imaging?.arena.takenBytes,
    isLinked: () => model !== null && model.child.arena === imaging?.ref.arena,
  };
}

const skip = process.platform === 'linux' ? false : 'memfd is of Linux';

for (const seed of [1, 2, 3]) {
  test(`nobody gets another’s answer, and no memory is lost; seed ${seed}`, { skip }, async (t) => {
    const r = rig(t, seed);
    const { choice } = r;
    const pictures = await Promise.all(
      Array.from({ length: SHADES }, (_, i) =>
        sharp({ create: { width: SIZE, height: SIZE, channels: 3, background: { r: i + 1, g: i + 1, b: i + 1 } } })
          .png()
          .toBuffer(),
      ),
    );
    while (!r.isLinked()) await turn();
    let answered = 0;
    const running = new Set<Promise<void>>();
    // How many are answered among the kills and aborts is the machine's affair; enough of them are waited for.
    for (let i = 0; i < 400 || (answered <= 110 && i < 2000); i++) {
      const shade = choice.below(SHADES) + 1;
      const give = new AbortController();
      const done = r.request(pictures[shade - 1] ?? new Uint8Array(0), give.signal).then((found) => {
        running.delete(done);
        if (found === null) return;
        answered += 1;
        assert.equal(found, shade);
      });
      running.add(done);
      if (choice.chance(0.3)) {
        void (async () => {
          for (let turns = choice.below(200); turns > 0; turns--) await turn();
          give.abort(new Error('client gone'));
        })();
      }
      if (choice.chance(0.02)) r.killImaging();
      if (choice.chance(0.03)) r.killModel();
      while (running.size > 8) await Promise.race(running);
    }
    await Promise.all(running);
    assert.deepEqual(r.mixed, []);
    assert.ok(answered > 100, `${answered} answered`);
    assert.ok(r.seen.shared > 50, `${r.seen.shared} through shared memory`);
    for (let turns = 0; r.takenBytes() !== 0 && turns < 2000; turns++) await turn();
    assert.equal(r.takenBytes(), 0, 'every slot is free again');
  });
}
