/** The memory scheduler with real ManagedProcess objects over scripted processes: every lease is answered and given back. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { createScheduler } from '../../src/supervisor/memory-scheduler.ts';
import { Residency } from '../../src/supervisor/residency.ts';
import type { Lease } from '../../src/supervisor/residency.ts';
import type { ResidentProcess } from '../../src/supervisor/resident.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer, testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { picker } from '../fixtures/random.ts';

const NAMES = ['detector', 'recognizer', 'liveness'];
const HISTORIES = 40;
const STEPS = 60;

/** Every model on demand; room for the largest alone, by the estimates of the manifests. */
function small(budgetMb: number): (defaults: Settings) => Settings {
  return (defaults) => ({
    ...defaults,
    memory: { ...defaults.memory, budgets: [`cpu=${budgetMb}`], max_wait_ms: 20_000 },
    models: Object.fromEntries(
      Object.entries(defaults.models).map(([name, m]) => [
        name,
        { ...m, residency: 'on_demand' as const, idle_ttl_ms: 5000 },
      ]),
    ),
  });
}

const never = (): AbortSignal => new AbortController().signal;

function largest(t: TestContext): number {
  const { residency } = fakeServer(t).supervisor;
  return Math.max(...NAMES.map((name) => residency.plan(name).neededBytes)) / 1e6;
}

test('a lease loads the model, keeps it, and lets it go after idle_ttl', async (t) => {
  const { supervisor, clock } = fakeServer(t, { settings: small(10_000) });
  const { residency } = supervisor;
  const waiting = residency.acquire('detector', never());
  assert.equal(residency.view('detector')?.waiting, 1);
  await settle();
  const lease = await waiting;
  assert.deepEqual(
    [residency.view('detector')?.phase, residency.view('detector')?.inUse, supervisor.process('detector').state.state],
    ['ready', 1, 'ready'],
  );
  const warm = await residency.acquire('detector', never());
  assert.deepEqual([lease.cold, warm.cold], [true, false], 'the first one had to wait for the load');
  warm.release();
  clock.advance(60_000);
  await settle();
  assert.equal(residency.view('detector')?.phase, 'ready', 'in use');
  lease.release();
  lease.release();
  assert.equal(residency.view('detector')?.inUse, 0, 'given back once');
  clock.advance(5000);
  await settle();
  assert.equal(residency.view('detector')?.phase, 'unloaded');
  assert.equal(residency.view('detector')?.reservedBytes, 0);
});

test('a client that leaves while it waits is owed nothing, and a name that is not there is no model', async (t) => {
  const { residency } = fakeServer(t, { settings: small(10_000) }).supervisor;
  const abort = new AbortController();
  const waiting = residency.acquire('detector', abort.signal);
  const reason = new FacepoolError('deadline_exceeded', 'left');
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(residency.acquire('detector', abort.signal), reason);
  assert.equal(residency.view('detector')?.waiting, 0);
  assert.equal(residency.view('nobody'), null);
  await settle();
});

test('a model that does not fit is refused with the time to come again', async (t) => {
  const { residency } = fakeServer(t, { settings: small(1) }).supervisor;
  await assert.rejects(residency.acquire('detector', never()), (error: unknown) => {
    assert.ok(error instanceof FacepoolError);
    assert.equal(error.code, 'memory_exhausted');
    assert.ok((error.retryAfterS ?? 0) > 0);
    return true;
  });
  assert.equal(residency.plan('detector').verdict, 'never');
});

test('random histories: every lease is answered, no order comes for a state that passed', async (t) => {
  const budget = largest(t) + 1;
  let granted = 0;
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const { pick, chance, below } = picker(seed);
    const server = fakeServer(t, { settings: small(budget) });
    const { supervisor, clock } = server;
    const { residency } = supervisor;
    const open = new Set<Lease>();
    const asked: Promise<string>[] = [];
    const breaches: string[] = [];
    server.events.on('memory.trouble', ({ what, reason }) => breaches.push(`${what}: ${reason}`));
    const look = (): void => {
      for (const device of residency.devices()) {
        if (device.reservedBytes > device.limitBytes) breaches.push(`${device.reservedBytes} of ${device.limitBytes}`);
      }
    };
    const ask = (name: string): void => {
      const abort = new AbortController();
      if (chance(0.15)) clock.after(below(3000), () => abort.abort(new FacepoolError('deadline_exceeded', 'left')));
      const answer = residency.acquire(name, abort.signal).then(
        (lease) => {
          granted += 1;
          open.add(lease);
          clock.after(below(800), () => {
            lease.release();
            open.delete(lease);
          });
          return 'granted';
        },
        (error: unknown) => (error instanceof FacepoolError ? error.code : `not ours: ${String(error)}`),
      );
      asked.push(answer);
    };
    for (let step = 0; step < STEPS; step++) {
      const name = pick(NAMES) ?? 'detector';
      if (chance(0.7)) ask(name);
      else if (chance(0.4)) server.made.find((p) => !p.dead && chance(0.5))?.exit({ code: null, signal: 'SIGKILL' });
      else
        residency.command(pick(['load', 'unload', 'stop', 'start', 'start', 'pin', 'unpin'] as const) ?? 'load', name);
      clock.advance(below(1500));
      await settle();
      look();
    }
    for (const name of NAMES) {
      residency.command('start', name);
      residency.command('unpin', name);
    }
    for (let i = 0; i < 30; i++) {
      clock.advance(3000);
      await settle();
    }
    const answers = await Promise.all(asked);
    for (const answer of answers) {
      assert.match(answer, /^(granted|memory_exhausted|deadline_exceeded|model_stopped|model_failed)$/, `seed ${seed}`);
    }
    assert.deepEqual(breaches, [], `seed ${seed}`);
    assert.equal(open.size, 0);
    for (const name of NAMES) {
      const view = residency.view(name);
      assert.deepEqual([view?.phase, view?.inUse, view?.waiting], ['unloaded', 0, 0], `seed ${seed}: ${name}`);
      assert.equal(supervisor.process(name).child, null, `seed ${seed}: ${name} has a process`);
    }
  }
  assert.ok(granted > HISTORIES * 10, `${granted} leases`);
});

test('memory that is seen to be back when its model was taken away is nobody’s news', async () => {
  const { detector } = testSettings('/nowhere').models;
  assert.ok(detector);
  const settings = {
    ...testSettings('/nowhere'),
    models: { detector: { ...detector, residency: 'on_demand' as const } },
  };
  const clock = new ManualClock();
  const waits: (() => void)[] = [];
  const detectorProcess: ResidentProcess = {
    name: 'detector',
    start: async () => {},
    stop: async () => {},
    restart: async () => {},
    availability: () => 'failed',
    reason: () => '',
    heldBytes: () => null,
    memoryBack: () => new Promise((resolve) => waits.push(resolve)),
  };
  const residency = new Residency({
    scheduler: createScheduler(settings, new Map(), () => 0),
    clock,
    processes: new Map([['detector', detectorProcess]]),
    tenants: new Map(),
    queueLimit: 1,
    onError: (what) => assert.fail(what),
  });
  residency.open();
  residency.command('load', 'detector');
  residency.onProcess('detector');
  // Stopped after it had failed: it ends a second time, and somebody looks again whether its memory is back.
  residency.onProcess('detector');
  waits[0]?.();
  await settle();
  assert.equal(residency.view('detector')?.phase, 'down');
  residency.remove('detector');
  waits[1]?.();
  await settle();
  assert.equal(residency.view('detector'), null);
  residency.close();
});
