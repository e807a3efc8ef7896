/** The dispatcher under thousands of random histories: whatever happens in whatever order, everyone is answered once. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { EXIT_POISONED } from '../../src/contract/protocol.ts';
import type { ModelCalls } from '../../src/contract/protocol.ts';
import { Dispatcher } from '../../src/router/dispatcher.ts';
import { Child } from '../../src/supervisor/child.ts';
import type { Availability } from '../../src/supervisor/role.ts';
import type { ExitInfo, SpawnRequest } from '../../src/supervisor/spawn.ts';
import { FakeProcess } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { picker, ticks } from '../fixtures/random.ts';

const RUNS = 1500;
const STEPS = 80;
const MAX_ATTEMPTS = 2;
const QUEUE = 6;
const RUN_TIMEOUT_MS = 5000;

/** How a kind of process takes its calls. */
type Kind = {
  readonly slots: number;
  /** Calls that it runs at the same time. */
  readonly parallel: number;
  readonly hasRoom: (child: Child<ModelCalls>, leased: number) => boolean;
};
const KINDS: Readonly<Record<string, Kind>> = {
  model: { slots: 2, parallel: 1, hasRoom: (child) => child.busy < 2 },
  imaging: { slots: 3, parallel: 3, hasRoom: (child, leased) => leased + child.abandoned < 3 },
};

type Request = {
  readonly name: string;
  readonly abort: AbortController;
  readonly charges: { count: number };
  /** Deaths of the kind that counts, with this request begun in the process. */
  crashes: number;
  leased: boolean;
  answers: number;
  error: unknown;
  value: unknown;
};

/** A process as a worker is: calls wait in it, some have begun, an abandoned one is dropped unless it has begun. */
class Worker {
  readonly process: FakeProcess;
  readonly waiting: number[] = [];
  readonly begun: number[] = [];
  readonly requestOf = new Map<number, Request>();

  constructor(pid: number) {
    this.process = new FakeProcess(pid, {} as SpawnRequest);
    this.process.onSent = (message) => {
      const { id } = message;
      if (id === undefined) return;
      if (message.type === 'probe') this.waiting.push(id);
      const at = message.type === 'abandon' ? this.waiting.indexOf(id) : -1;
      if (at >= 0) this.waiting.splice(at, 1);
    };
  }

  get held(): number {
    return this.waiting.length + this.begun.length;
  }

  begin(): void {
    const id = this.waiting.shift();
    if (id === undefined) return;
    this.begun.push(id);
    this.process.say({ type: 'begin', id });
  }

  answer(id: number, good: boolean): void {
    this.begun.splice(this.begun.indexOf(id), 1);
    const detail = this.requestOf.get(id)?.name ?? '';
    if (good) this.process.say({ type: 'result', id, value: { passed: true, minCosine: 1, detail } });
    else this.process.say({ type: 'error', id, error: { code: 'model_failed', message: detail } });
  }
}

async function history(seed: number, kind: Kind): Promise<void> {
  const { chance, pick, below } = picker(seed);
  const clock = new ManualClock();
  const requests: Request[] = [];
  const outcomes = { ok: 0, error: 0, abandoned: 0, retried: 0 };
  let changed = (): void => {};
  // Asserted: they change in functions that the checker does not follow.
  let worker = null as Worker | null;
  let child = null as Child<ModelCalls> | null;
  let availability: Availability = 'coming';
  let pids = 0;
  let admitted = 0;
  const breaches: string[] = [];

  const dispatcher = new Dispatcher<ModelCalls>(
    {
      name: 'detector',
      readyChild: () => (availability === 'ready' && child?.alive === true ? child : null),
      availability: () => availability,
      reason: () => 'because',
      onChange: (fn) => {
        changed = fn;
      },
    },
    {
      queueLimit: QUEUE,
      maxAttempts: MAX_ATTEMPTS,
      clock,
      onOutcome: (result) => {
        outcomes[result] += 1;
      },
    },
    kind.hasRoom,
  );

  const submit = (): void => {
    const request: Request = {
      name: `${seed}/${requests.length}`,
      abort: new AbortController(),
      charges: { count: 0 },
      crashes: 0,
      leased: false,
      answers: 0,
      error: undefined,
      value: undefined,
    };
    requests.push(request);
    const open = availability === 'ready' || availability === 'coming';
    if (open && dispatcher.queueLength < QUEUE) admitted += 1;
    const run = async (on: Child<ModelCalls>): Promise<string> => {
      const others = requests.filter((r) => r.leased);
      // Told at the end: what is thrown here is an answer of the process.
      if (request.charges.count > 0 && others.length > 0) breaches.push(`${request.name} is a suspect and not alone`);
      if (others.some((r) => r.charges.count > 0)) breaches.push(`${request.name} is let in beside a suspect`);
      request.leased = true;
      try {
        const options = { signal: request.abort.signal, runTimeoutMs: RUN_TIMEOUT_MS };
        const call = on.call('probe', {}, options);
        const id = worker?.waiting.at(-1);
        if (id !== undefined) worker?.requestOf.set(id, request);
        return (await call).detail;
      } finally {
        request.leased = false;
      }
    };
    dispatcher.submit({ run, signal: request.abort.signal, charges: request.charges }).then(
      ({ value }) => {
        request.answers += 1;
        request.value = value;
      },
      (error: unknown) => {
        request.answers += 1;
        request.error = error;
      },
    );
  };

  const bring = (): void => {
    if (child?.alive === true) return;
    worker = new Worker(++pids);
    child = new Child<ModelCalls>(worker.process, pids, clock);
    child.onSettled = () => changed();
    availability = 'ready';
    changed();
  };
  const end = (info: ExitInfo, charged: boolean): void => {
    if (worker === null || child?.alive !== true) return;
    for (const id of charged ? worker.begun : []) {
      const request = worker.requestOf.get(id);
      if (request !== undefined) request.crashes += 1;
    }
    worker.process.exit(info);
    if (availability === 'ready') availability = 'coming';
    changed();
  };
  const go = (to: Availability): void => {
    availability = to;
    changed();
  };

  const steps: readonly (readonly [weight: number, step: () => void])[] = [
    [24, submit],
    [8, () => pick(requests.filter((r) => r.answers === 0))?.abort.abort(new Error('client gone'))],
    [22, () => worker !== null && child?.alive === true && worker.begun.length < kind.parallel && worker.begin()],
    [
      22,
      () => {
        const id = pick(worker?.begun ?? []);
        if (id !== undefined && child?.alive === true) worker?.answer(id, chance(0.9));
      },
    ],
    [10, bring],
    [3, () => end({ code: null, signal: 'SIGSEGV' }, true)],
    [2, () => end({ code: 1, signal: null }, true)],
    [3, () => end({ code: null, signal: 'SIGKILL' }, false)],
    [1, () => end({ code: EXIT_POISONED, signal: null }, false)],
    [
      2,
      () => {
        // A hang: whoever had begun first is the one that is charged.
        const first = worker?.begun[0];
        const request = first === undefined ? undefined : worker?.requestOf.get(first);
        const wasAlive = child?.alive === true;
        clock.advance(RUN_TIMEOUT_MS);
        if (!wasAlive || child?.alive === true) return;
        if (request !== undefined) request.crashes += 1;
        if (availability === 'ready') availability = 'coming';
        changed();
      },
    ],
    [2, () => child?.askToStop()],
    [1, () => go(pick(['stopped', 'failed', 'missing'] as const) ?? 'stopped')],
    [2, () => go(child?.alive === true ? 'ready' : 'coming')],
  ];
  const total = steps.reduce((sum, [weight]) => sum + weight, 0);
  const check = (): void => {
    if (worker !== null && child?.alive === true) {
      assert.ok(worker.held <= kind.slots, `${worker.held} calls with a process of ${kind.slots} slots`);
    }
    assert.ok(requests.every((r) => r.answers <= 1));
  };

  for (let i = 0; i < STEPS; i++) {
    let at = below(total);
    steps.find(([weight]) => (at -= weight) < 0)?.[1]();
    if (chance(0.7)) await ticks();
    check();
  }
  // The rest is served by a process that does what it should.
  const isBusy = (): boolean => requests.some((r) => r.answers === 0) || (child?.alive === true && child.busy > 0);
  for (let i = 0; i < 100 && (isBusy() || dispatcher.queueLength > 0); i++) {
    if (child?.alive === true) go('ready');
    else bring();
    while ((worker?.begun.length ?? 0) < kind.parallel && (worker?.waiting.length ?? 0) > 0) worker?.begin();
    for (const id of [...(worker?.begun ?? [])]) worker?.answer(id, true);
    await ticks();
    check();
  }

  assert.deepEqual(breaches, []);
  assert.equal(dispatcher.queueLength, 0, 'nobody is left waiting');
  assert.equal(child?.busy ?? 0, 0, 'the process is free');
  for (const request of requests) {
    assert.equal(request.answers, 1, `${request.name} is answered exactly once`);
    if (request.error === undefined) assert.equal(request.value, request.name, 'with its own answer');
    assert.ok(request.charges.count <= request.crashes, 'never charged for what it did not cause');
    if (request.error instanceof FacepoolError && request.error.code === 'poison_input') {
      assert.ok(request.crashes >= MAX_ATTEMPTS);
    }
  }
  assert.equal(outcomes.ok + outcomes.error + outcomes.abandoned, admitted, 'one outcome is counted for each');
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`${RUNS} random histories of a process that takes calls as ${name} does`, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      await history(seed, kind).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });
}
