import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { StoredEvent } from '../../../src/contract/history.ts';
import { Disk } from '../../../src/telemetry/history/disk.ts';
import type { Fault } from '../../../src/telemetry/history/faults.ts';
import type { Runner } from '../../../src/telemetry/history/runner.ts';
import type { StoreState, WriteBatch } from '../../../src/telemetry/history/store.ts';
import type { Outcome, Task, TaskName, Tasks } from '../../../src/telemetry/history/thread.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { ticks } from '../../fixtures/random.ts';
import { gpuSample, START } from './support.ts';

const FULL: Fault = { kind: 'full', detail: 'there is no room' };
const STATE: StoreState = { bytes: 1, oldest: START, lastEventId: null };
const QUERY = { grid: { t0: START, stepMs: 1000, count: 1 }, devices: null, workers: true, holdMs: 0, oldest: 0 };

function event(n: number): StoredEvent {
  const id = `${START + n}-0000`;
  return { id, at: '', type: 'start', severity: 'info', subject: null, text: `${n}`, details: {} };
}

/** A thread whose answers the test gives. */
function bench() {
  const clock = new ManualClock();
  const batches: WriteBatch[] = [];
  const calls: string[] = [];
  const changes: string[] = [];
  const held: (() => void)[] = [];
  const behaviour = { fault: null as Fault | null, notice: null as string | null, hold: false };
  const outcome = <T>(value: T): Outcome<T> =>
    behaviour.fault === null ? { ok: true, value, notice: behaviour.notice } : { ok: false, fault: behaviour.fault };
  const tasks: { readonly [K in TaskName]: (task: Task<K>) => Outcome<Tasks[K]['answer']> } = {
    write: ({ task }) => {
      batches.push(task);
      return outcome(STATE);
    },
    parts: () => outcome([]),
    events: () => outcome([]),
    close: () => outcome(null),
  };
  const runner: Runner = {
    async run(name, task) {
      calls.push(name);
      if (behaviour.hold) await new Promise<void>((resolve) => held.push(resolve));
      return tasks[name](task);
    },
    async stop() {
      calls.push('stop');
    },
  };
  const disk = new Disk({
    config: { file: 'x', retentionMs: 1, maxBytes: 1 },
    clock,
    runner,
    onChange: (ok, detail) => changes.push(`${ok ? 'ok' : 'bad'}: ${detail}`),
    onWritten: () => calls.push('written'),
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await ticks();
  };
  const add = (n: number): void => disk.addSample(gpuSample(START + n * 1000, n));
  const written = (): number[][] => batches.map(({ samples }) => samples.map(({ at }) => (at - START) / 1000));
  return { clock, disk, behaviour, batches, calls, changes, held, pass, add, written };
}

describe('the way to the disk', () => {
  it('leaves the start alone, then writes once a second at most', async () => {
    const { disk, add, pass, written, calls } = bench();
    add(0);
    await pass(2900);
    assert.deepEqual(calls, []);
    add(1);
    await pass(100);
    assert.deepEqual(written(), [[0, 1]]);
    for (let n = 2; n < 6; n++) {
      add(n);
      await pass(500);
    }
    assert.deepEqual(written(), [
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    disk.addEvent(event(1));
    await pass(1000);
    assert.equal(written().length, 4, 'an event alone is written too');
    await pass(60_000);
    assert.equal(written().length, 4, 'nothing is nothing');
  });

  it('says once that the disk fails, keeps what comes, tries again later and later, and says when it works', async () => {
    const { disk, add, pass, written, behaviour, changes, calls } = bench();
    behaviour.fault = FULL;
    add(0);
    await pass(3000);
    assert.deepEqual(changes, ['bad: there is no room; the history is kept in memory only']);
    assert.deepEqual(disk.fault, FULL);
    const tries: number[] = [];
    for (let second = 1; second <= 120; second++) {
      const before = calls.length;
      add(second);
      await pass(1000);
      if (calls.length > before) tries.push(second);
    }
    assert.deepEqual(tries, [2, 7, 17, 47, 107]);
    assert.equal(changes.length, 1);
    behaviour.fault = null;
    await pass(60_000);
    assert.deepEqual(
      written().at(-1),
      Array.from({ length: 121 }, (_, i) => i),
      'nothing is lost',
    );
    for (let second = 121; changes.length === 1; second++) {
      assert.ok(second <= 160, 'it has worked for a while');
      assert.deepEqual(disk.fault, FULL);
      add(second);
      await pass(1000);
    }
    assert.ok((written().at(-1)?.[0] ?? 0) >= 149, 'some seconds are no proof');
    assert.deepEqual(changes.slice(1), ['ok: the history is written to disk again']);
    assert.equal(disk.fault, null);
    behaviour.fault = FULL;
    add(200);
    await pass(1000);
    assert.equal(changes.length, 3, 'the next one is told again');
  });

  it('says once that it is full, although some writes fit, and tries no more often for it', async () => {
    const { add, pass, behaviour, changes, calls, disk, written } = bench();
    behaviour.fault = FULL;
    add(0);
    await pass(3000);
    let failed = 0;
    for (let second = 1; second <= 1200; second++) {
      const before = calls.length;
      add(second);
      await pass(1000);
      if (calls.length === before) continue;
      if (behaviour.fault !== null) failed += 1;
      // A good write after each two bad ones, and sometimes for twenty seconds.
      behaviour.fault = failed % 2 === 0 && behaviour.fault !== null ? null : second % 100 < 20 ? null : FULL;
    }
    assert.equal(changes.length, 1);
    assert.ok(failed < 40, `${failed} failures: the waits do not begin anew`);
    assert.ok(written().length > failed, 'and what fits is written');
    behaviour.fault = null;
    await pass(60_000);
    add(1201);
    const asked = calls.length;
    assert.deepEqual(await disk.parts(QUERY), []);
    assert.deepEqual(calls.slice(asked), ['write', 'written', 'parts'], 'an answer has everything while writes work');
    add(1202);
    await disk.close();
    assert.deepEqual(written().at(-1), [1202], 'so has the file at the end');
  });

  it('holds so much for a disk that fails, and no more', async () => {
    const { disk, add, pass, behaviour, batches } = bench();
    behaviour.fault = FULL;
    for (let n = 0; n < 1000; n++) {
      add(n);
      disk.addEvent(event(n));
    }
    for (let n = 0; n < 2000; n++) disk.addEvent(event(1000 + n));
    await pass(3000);
    behaviour.fault = null;
    await pass(2000);
    assert.equal(batches.at(-1)?.samples.length, 600);
    assert.equal(batches.at(-1)?.samples.at(-1)?.at, START + 999_000);
    assert.equal(batches.at(-1)?.events.length, 2000);
    assert.equal(batches.at(-1)?.events.at(-1)?.text, '2999');
  });

  it('writes what waits before it answers, and reads where it cannot write', async () => {
    const { disk, add, written, behaviour, pass, calls } = bench();
    add(0);
    assert.deepEqual(await disk.parts(QUERY), []);
    assert.deepEqual(written(), [[0]]);
    behaviour.fault = FULL;
    add(1);
    await pass(3000);
    assert.deepEqual(disk.fault, FULL);
    assert.equal(await disk.parts(QUERY), null);
    behaviour.fault = null;
    const before = calls.length;
    assert.deepEqual(await disk.parts(QUERY), []);
    assert.deepEqual(calls.slice(before), ['parts']);
    assert.deepEqual(disk.fault, FULL, 'only a write proves that it works');
  });

  it('tells of a file that was given up, although all is well again', async () => {
    const { add, pass, behaviour, changes, disk } = bench();
    behaviour.notice = 'history.db is damaged; a new one is begun';
    add(0);
    await pass(3000);
    assert.deepEqual(changes, [
      'bad: history.db is damaged; a new one is begun',
      'ok: the history is written to disk again',
    ]);
    assert.equal(disk.fault, null);
  });

  it('does not wait for a disk that hangs, and goes on when it is back', async () => {
    const { disk, add, pass, behaviour, changes, held, calls } = bench();
    behaviour.hold = true;
    add(0);
    await pass(3000);
    const asked = disk.parts(QUERY);
    await pass(15_000);
    assert.equal(await asked, null);
    assert.deepEqual(changes, ['bad: the disk does not answer; the history is kept in memory only']);
    const before = calls.length;
    assert.equal(await disk.parts(QUERY), null);
    assert.equal(calls.length, before, 'it is not even asked');
    behaviour.hold = false;
    for (const release of held) release();
    await pass(0);
    assert.deepEqual(await disk.parts(QUERY), [], 'it is asked again at once');
    for (let n = 1; n < 40; n++) {
      add(n);
      await pass(1000);
    }
    assert.equal(changes.at(-1), 'ok: the history is written to disk again');
  });

  it('answers so many at the same time', async () => {
    const { disk, behaviour, held } = bench();
    behaviour.hold = true;
    const asked = Array.from({ length: 8 }, () => disk.parts(QUERY));
    await assert.rejects(disk.parts(QUERY), (error) => error instanceof FacepoolError && error.code === 'queue_full');
    await ticks();
    assert.equal(held.length, 1, 'one task at a time');
    behaviour.hold = false;
    for (const release of held) release();
    assert.equal((await Promise.all(asked)).length, 8);
    assert.deepEqual(await disk.parts(QUERY), []);
  });

  it('closes with everything written, within a bounded time, and once', async () => {
    const { disk, add, written, calls, clock } = bench();
    add(0);
    await disk.close();
    assert.deepEqual(written(), [[0]]);
    assert.deepEqual(calls.slice(-2), ['close', 'stop']);
    const after = calls.length;
    await disk.close();
    add(1);
    assert.equal(await disk.parts(QUERY), null);
    assert.equal(calls.length, after);
    assert.equal(clock.pending, 0);

    const hung = bench();
    hung.behaviour.hold = true;
    hung.add(0);
    const closed = hung.disk.close();
    for (let i = 0; i < 3; i++) await hung.pass(2000);
    await closed;
    assert.equal(hung.calls.at(-1), 'stop');

    const unused = bench();
    await unused.disk.close();
    assert.deepEqual(unused.calls, [], 'no thread is started to be ended');
  });
});
