import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ModelCalls } from '../../src/contract/protocol.ts';
import { Child } from '../../src/supervisor/child.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import type { SpawnRequest } from '../../src/supervisor/spawn.ts';
import { FakeProcess } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const REQUEST = {} as SpawnRequest;

function start(): { child: Child<ModelCalls>; process: FakeProcess; clock: ManualClock } {
  const clock = new ManualClock();
  const process = new FakeProcess(77, REQUEST);
  return { child: new Child<ModelCalls>(process, 5, clock), process, clock };
}

/** Its event loop runs. */
function answerPings(process: FakeProcess): void {
  process.onSent = ({ type, id }) => {
    if (type === 'ping') process.say({ type: 'result', id, value: 1 });
  };
}

test('a call is settled by its own answer, whatever the order', async () => {
  const { child, process } = start();
  const first = child.call('probe', {});
  const second = child.call('probe', {});
  const [a, b] = process.sent;
  process.say({ type: 'result', id: b?.id, value: { passed: true, minCosine: 1, detail: 'second' } });
  process.say({ type: 'result', id: a?.id, value: { passed: true, minCosine: 1, detail: 'first' } });
  assert.equal((await first).detail, 'first');
  assert.equal((await second).detail, 'second');
  assert.equal(child.busy, 0);
});

test('an error comes back with its code', async () => {
  const { child, process } = start();
  const call = child.call('probe', {});
  process.say({
    type: 'error',
    id: process.lastCall('probe').id,
    error: { code: 'memory_exhausted', message: 'full' },
  });
  await assert.rejects(
    call,
    (e) => e instanceof FacepoolError && e.code === 'memory_exhausted' && e.message === 'full',
  );
});

test('a death fails every call at once: begun ones are charged for a crash, waiting ones never', async () => {
  const { child, process } = start();
  const begun = child.call('probe', {});
  const waiting = child.call('probe', {});
  process.say({ type: 'begin', id: process.sent[0]?.id });
  process.exit({ code: null, signal: 'SIGSEGV' });
  await assert.rejects(begun, (e) => e instanceof ChildGoneError && e.begun && e.charged);
  await assert.rejects(waiting, (e) => e instanceof ChildGoneError && !e.begun && !e.charged);
  await assert.rejects(child.call('probe', {}), ChildGoneError);
  assert.equal((await child.exited).signal, 'SIGSEGV');
});

test('a kill from outside is charged to nobody', async () => {
  const { child, process } = start();
  const begun = child.call('probe', {});
  process.say({ type: 'begin', id: process.lastCall('probe').id });
  process.exit({ code: null, signal: 'SIGKILL' });
  await assert.rejects(begun, (e) => e instanceof ChildGoneError && e.begun && !e.charged);
});

test('a run past its limit, counted from begin, is a hang: the process is killed and the call charged', async () => {
  const { child, process, clock } = start();
  answerPings(process);
  const call = child.call('probe', {}, { runTimeoutMs: 5000 });
  clock.advance(60_000);
  assert.deepEqual(process.signals, [], 'waiting in the worker is no hang');
  process.say({ type: 'begin', id: process.lastCall('probe').id });
  clock.advance(4999);
  assert.deepEqual(process.signals, []);
  clock.advance(1);
  assert.deepEqual(process.signals, ['SIGKILL']);
  await assert.rejects(call, (e) => e instanceof ChildGoneError && e.charged);
  assert.equal((await child.exited).hang, true);
});

test('an abandoned call that had begun keeps the process busy until its answer, and still counts as a hang', async () => {
  const { child, process, clock } = start();
  let settled = 0;
  child.onSettled = () => {
    settled += 1;
  };
  const abort = new AbortController();
  const call = child.call('probe', {}, { runTimeoutMs: 5000, signal: abort.signal });
  const { id } = process.lastCall('probe');
  process.say({ type: 'begin', id });
  abort.abort(new FacepoolError('deadline_exceeded', 'too late'));
  await assert.rejects(call, (e) => e instanceof FacepoolError && e.code === 'deadline_exceeded');
  assert.equal(process.lastCall('abandon').id, id);
  assert.equal(child.busy, 1);
  assert.equal(settled, 0);
  process.say({ type: 'result', id, value: null });
  assert.equal(child.busy, 0);
  assert.equal(settled, 1);
  clock.advance(10_000);
  assert.deepEqual(process.signals, [], 'it was answered in time');

  const again = new AbortController();
  const hung = child.call('probe', {}, { runTimeoutMs: 5000, signal: again.signal });
  process.say({ type: 'begin', id: process.lastCall('probe').id });
  again.abort(new Error('gone'));
  await assert.rejects(hung, /gone/);
  clock.advance(5000);
  assert.deepEqual(process.signals, ['SIGKILL']);
});

test('a call abandoned before it began frees its place at once, unless the worker was faster', async () => {
  const { child, process, clock } = start();
  const abort = new AbortController();
  const call = child.call('probe', {}, { signal: abort.signal, runTimeoutMs: 5000 });
  const { id } = process.lastCall('probe');
  abort.abort(new Error('gone'));
  await assert.rejects(call, /gone/);
  assert.equal(child.busy, 0);
  process.say({ type: 'begin', id });
  assert.equal(child.busy, 1, 'the worker had begun when the message came');
  process.say({ type: 'result', id, value: null });
  assert.equal(child.busy, 0);
  clock.advance(10_000);
  assert.deepEqual(process.signals, []);

  process.say({ type: 'begin', id: id + 1 });
  clock.advance(5000);
  assert.deepEqual(process.signals, ['SIGKILL'], 'a run that nobody waits for may hang too');
});

test('an aborted signal sends nothing', async () => {
  const { child, process } = start();
  await assert.rejects(child.call('probe', {}, { signal: AbortSignal.abort(new Error('before')) }), /before/);
  assert.deepEqual(process.sent, []);
});

test('a child of another protocol version is refused at hello', async () => {
  const { child, process } = start();
  process.hello(99);
  await assert.rejects(child.hello, /speaks protocol 99, expected 1/);
});

test('an answer to a call that nobody made is ignored', () => {
  const { child, process } = start();
  process.say({ type: 'result', id: 123, value: 1 });
  assert.equal(child.busy, 0);
});

test('of several runs side by side only the one that hangs is charged', async () => {
  const { child, process, clock } = start();
  const slow = child.call('probe', {}, { runTimeoutMs: 5000 });
  const beside = child.call('probe', {}, { runTimeoutMs: 5000 });
  const [a, b] = process.sent;
  process.say({ type: 'begin', id: a?.id });
  clock.advance(1000);
  process.say({ type: 'begin', id: b?.id });
  clock.advance(4000);
  await assert.rejects(slow, (e) => e instanceof ChildGoneError && e.charged);
  await assert.rejects(beside, (e) => e instanceof ChildGoneError && e.begun && !e.charged);
});

test('what is left in the channel of a process that has ended is nobody’s', async () => {
  const { child, process, clock } = start();
  const call = child.call('probe', {}, { runTimeoutMs: 5000 });
  const { id } = process.lastCall('probe');
  process.exit({ code: 0, signal: null });
  await assert.rejects(call, ChildGoneError);
  process.say({ type: 'begin', id });
  process.say({ type: 'result', id, value: 1 });
  assert.equal(child.busy, 0);
  assert.equal(clock.pending, 0);
});

test('a process that holds calls and says nothing is pinged, then killed as hanging; nobody is charged', async () => {
  const { child, process, clock } = start();
  const call = child.call('probe', {}, { runTimeoutMs: 1000 });
  clock.advance(500);
  assert.equal(process.sent.at(-1)?.type, 'ping');
  clock.advance(499);
  assert.deepEqual(process.signals, []);
  clock.advance(1);
  assert.deepEqual(process.signals, ['SIGKILL']);
  await assert.rejects(call, (e) => e instanceof ChildGoneError && !e.begun && !e.charged);
  assert.equal((await child.exited).hang, true);
  assert.equal(clock.pending, 0);
});

test('a process that answers the ping may keep a call waiting, e.g. for its pixels', () => {
  const { child, process, clock } = start();
  void child.call('probe', {}, { runTimeoutMs: 1000 }).catch(() => {});
  answerPings(process);
  clock.advance(10_000);
  assert.deepEqual(process.signals, []);
  assert.equal(process.sent.filter(({ type }) => type === 'ping').length, 10);
  assert.equal(child.busy, 1);
});

test('a run that has begun is not asked for a sign of life: its own limit counts', () => {
  const { child, process, clock } = start();
  void child.call('probe', {}, { runTimeoutMs: 1000 }).catch(() => {});
  clock.advance(400);
  process.say({ type: 'begin', id: process.lastCall('probe').id });
  clock.advance(999);
  assert.deepEqual([process.signals, process.sent.length], [[], 1]);
  clock.advance(1);
  assert.deepEqual(process.signals, ['SIGKILL']);
});

test('a process without calls is left alone', async () => {
  const { child, process, clock } = start();
  const call = child.call('probe', {}, { runTimeoutMs: 1000 });
  process.say({ type: 'result', id: process.lastCall('probe').id, value: { passed: true, minCosine: 1, detail: '' } });
  await call;
  clock.advance(60_000);
  assert.deepEqual([process.signals, process.sent.length, clock.pending], [[], 1, 0]);
  assert.equal(child.alive, true);
});

test('a process that works beside its event loop is found silent in the middle of a call, one that a run blocks is not', async () => {
  const clock = new ManualClock();
  const stopped = new FakeProcess(78, REQUEST);
  const imaging = new Child<ModelCalls>(stopped, 6, clock, 5000);
  const call = imaging.call('probe', {}, { runTimeoutMs: 130_000 });
  stopped.say({ type: 'begin', id: stopped.lastCall('probe').id });
  clock.advance(2500);
  assert.deepEqual(stopped.signals, [], 'it spoke a moment ago');
  clock.advance(7500);
  assert.deepEqual(stopped.signals, ['SIGKILL']);
  assert.equal(stopped.sent.filter((m) => m.type === 'ping').length, 1);
  await assert.rejects(call, (e) => e instanceof ChildGoneError && !e.charged, 'nobody is to blame');

  const blocked = start();
  void blocked.child.call('probe', {}, { runTimeoutMs: 130_000 }).catch(() => {});
  blocked.process.say({ type: 'begin', id: blocked.process.lastCall('probe').id });
  blocked.clock.advance(100_000);
  assert.deepEqual(blocked.process.signals, []);
});

test('a call carries the id of the request that it is for', () => {
  const { child, process } = start();
  void child.call('probe', {}, { requestId: 'request-7' });
  void child.call('probe', {});
  assert.deepEqual(
    process.sent.map((message) => message['requestId']),
    ['request-7', undefined],
  );
});

test('a call tells once when the process has nothing to do with it any more', async () => {
  const { child, process } = start();
  const over: string[] = [];
  const watched = (name: string, signal?: AbortSignal) => ({ signal, onOver: () => over.push(name) });
  const answered = child.call('probe', {}, watched('answered'));
  process.say({ type: 'result', id: process.lastCall('probe').id, value: null });
  await answered;
  assert.deepEqual(over, ['answered']);

  const gone = AbortSignal.abort(new Error('gone'));
  await assert.rejects(child.call('probe', {}, watched('never sent', gone)), /gone/);
  assert.deepEqual(over.splice(0), ['answered', 'never sent']);

  const give = new AbortController();
  const dropped = child.call('probe', {}, watched('dropped', give.signal));
  const raced = child.call('probe', {}, watched('raced', give.signal));
  const racedId = process.lastCall('probe').id;
  give.abort(new Error('gone'));
  await Promise.all([assert.rejects(dropped, /gone/), assert.rejects(raced, /gone/)]);
  process.say({ type: 'begin', id: racedId });
  for (const ping of process.sent.filter((m) => m.type === 'ping')) {
    process.say({ type: 'result', id: ping.id, value: 1 });
  }
  assert.deepEqual(over.splice(0), ['dropped']);
  process.say({ type: 'result', id: racedId, value: null });
  assert.deepEqual(over.splice(0), ['raced']);

  const killed = child.call('probe', {}, watched('killed'));
  process.exit({ code: null, signal: 'SIGKILL' });
  await assert.rejects(killed, ChildGoneError);
  await assert.rejects(child.call('probe', {}, watched('dead')), ChildGoneError);
  assert.deepEqual(over, ['killed', 'dead']);
});
