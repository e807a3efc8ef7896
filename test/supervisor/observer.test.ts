/** The monitor asked once a second: it dies, hangs and comes back, and nobody waits for it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Observation } from '../../src/contract/observation.ts';
import { type FakeProcess, settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';
import { gpuReading, MIB, monitorSample } from '../fixtures/monitor-sample.ts';

type Behaviour = { answer: (at: number) => unknown };

function server(t: TestContext, device = 'cpu') {
  const behaviour: Behaviour = { answer: (at) => monitorSample({ at }) };
  const isMonitor = (process: FakeProcess): boolean => process.request.entry.pathname.endsWith('workers/monitor.ts');
  const made = fakeServer(t, {
    settings: (s) => ({
      ...s,
      monitor: { ...s.monitor, enabled: true },
      memory: { ...s.memory, headroom_mb: 0 },
      models: Object.fromEntries(Object.entries(s.models).map(([name, model]) => [name, { ...model, device }])),
    }),
    onSent: (process, { type, id }) => {
      if (!isMonitor(process)) return false;
      if (type !== 'sample') return type === 'configure';
      process.say({ type: 'begin', id });
      const value = behaviour.answer(made.clock.date().getTime());
      if (value !== null) process.say({ type: 'result', id, value });
      return true;
    },
  });
  const seen: Observation[] = [];
  made.events.on('observation', (observation) => seen.push(observation));
  const seconds = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) {
      made.clock.advance(1000);
      await settle();
    }
  };
  return { ...made, behaviour, seen, seconds, monitors: () => made.made.filter(isMonitor) };
}

describe('the observer', () => {
  it('tells one observation a second, of every process', async (t) => {
    const { supervisor, seen, seconds } = server(t);
    await supervisor.start();
    await settle();
    await seconds(3);
    assert.equal(seen.filter((observation) => observation.host !== null).length, 3);
    assert.deepEqual(
      seen.at(-1)?.workers.map(({ name }) => name),
      ['supervisor', 'imaging', 'monitor', 'detector', 'recognizer', 'liveness'],
    );
    assert.equal(supervisor.observer.latest, seen.at(-1));
    assert.equal(supervisor.monitor?.state.state, 'ready');
  });

  it('starts the monitor last on a CPU, and first where a model is on a GPU', async (t) => {
    const last = server(t);
    await last.supervisor.start();
    await settle();
    assert.match(last.made.at(-1)?.request.entry.pathname ?? '', /workers\/monitor\.ts$/);
    const first = server(t, 'cuda:0');
    await first.supervisor.start();
    const order = first.made.map(({ request }) => request.entry.pathname.split('/workers/')[1]);
    assert.ok(order.indexOf('monitor.ts') < order.indexOf('main.ts'), order.join(' '));
  });

  it('goes on without a monitor that was killed, and has it back', async (t) => {
    const { supervisor, seen, seconds, monitors } = server(t);
    await supervisor.start();
    await settle();
    await seconds(1);
    monitors()[0]?.exit({ code: null, signal: 'SIGKILL' });
    await settle();
    assert.equal(supervisor.models.get('detector')?.process.state.state, 'ready');
    await seconds(3);
    assert.equal(monitors().length, 2);
    assert.notEqual(seen.at(-1)?.host, null);
  });

  it('goes on without a monitor that hangs; it is replaced, and at the third time the driver is left alone', async (t) => {
    const { supervisor, seen, seconds, monitors, behaviour } = server(t);
    await supervisor.start();
    await settle();
    await seconds(1);
    behaviour.answer = () => null;
    await seconds(3);
    const [hanging] = monitors();
    assert.deepEqual(hanging?.signals, [], 'it has five seconds');
    assert.equal(seen.at(-1)?.host, null, 'and meanwhile a second without it is a second all the same');
    const before = seen.length;
    await seconds(2);
    assert.ok(seen.length >= before + 2);
    await seconds(4);
    assert.deepEqual(hanging?.signals, ['SIGKILL']);
    await seconds(30);
    const configs = monitors().map((process) => process.sent.find(({ type }) => type === 'configure')?.['config']);
    assert.deepEqual(configs.at(-1), { nvmlLibrary: 'off' });
    assert.equal(seen.at(-1)?.driver.state, 'error');
    assert.match(seen.at(-1)?.driver.detail ?? '', /did not answer/);
    behaviour.answer = (at) => monitorSample({ at });
    await seconds(660);
    const last = monitors()
      .at(-1)
      ?.sent.find(({ type }) => type === 'configure');
    assert.deepEqual(last?.['config'], { nvmlLibrary: '' }, 'after ten minutes it is asked again');
    assert.equal(seen.at(-1)?.driver.state, 'ok');
  });

  it('goes on without a monitor that answers garbage, which is replaced', async (t) => {
    const { supervisor, seen, seconds, monitors, behaviour } = server(t);
    await supervisor.start();
    await settle();
    await seconds(1);
    behaviour.answer = (at) => ({ ...monitorSample({ at }), processes: 'all of them' });
    await seconds(1);
    assert.deepEqual(monitors()[0]?.signals, ['SIGKILL']);
    assert.equal(seen.at(-1)?.host, null);
    assert.match(supervisor.monitor?.lastDeath ?? '', /answered what is no sample/);
    behaviour.answer = (at) => monitorSample({ at });
    await seconds(3);
    assert.equal(monitors().length, 2);
    assert.notEqual(seen.at(-1)?.host, null);
  });

  it('tells Xids and what became of the driver, once', async (t) => {
    const { supervisor, events, seconds, behaviour } = server(t);
    const told: string[] = [];
    events.on('gpu.event', (event) => told.push(event.type === 'xid' ? `xid ${event.xid}` : event.type));
    events.on('gpu.driver', ({ from, to }) => told.push(`${from} → ${to}`));
    await supervisor.start();
    await settle();
    await seconds(2);
    const xid = { type: 'xid', index: 0, uuid: 'GPU-aaaa', xid: 31 } as const;
    behaviour.answer = (at) => monitorSample({ at, events: [{ ...xid, at }] });
    await seconds(1);
    behaviour.answer = (at) =>
      monitorSample({ at, driver: { state: 'no_driver', detail: 'gone', driverVersion: null }, gpus: [] });
    await seconds(2);
    assert.deepEqual(told, ['null → ok', 'xid 31', 'ok → no_driver']);
  });
});

describe('the ledger of a card', () => {
  it('counts what other programs hold, and what our own workers really hold', async (t) => {
    const { supervisor, seconds, behaviour } = server(t, 'cuda:0');
    behaviour.answer = (at) => {
      const pids = [...supervisor.models.values()].flatMap(({ process }) => process.child?.pid ?? []);
      const processes = [4242, ...pids].map((pid) => ({
        pid,
        memoryBytes: (pid === 4242 ? 2000 : 300) * MIB,
        smUtil: null,
      }));
      const memoryUsed = processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
      return monitorSample({ at, gpus: [gpuReading({ memoryUsed, memoryReserved: 0, processes })] });
    };
    await supervisor.start();
    await settle();
    await seconds(2);
    const card = supervisor.residency.devices().find(({ name }) => name === 'cuda:0');
    assert.equal(card?.foreignBytes, 2000 * MIB);
    assert.equal(card?.limitBytes, (6144 - 2000) * MIB);
    assert.equal(supervisor.observer.latest?.workers.find(({ name }) => name === 'detector')?.gpuMemory, 300 * MIB);
  });

  it('takes a model’s memory for given back only when the driver says so', async (t) => {
    const { supervisor, seconds, behaviour } = server(t, 'cuda:0');
    let listed = true;
    let pid = 0;
    behaviour.answer = (at) => {
      const processes = listed && pid !== 0 ? [{ pid, memoryBytes: 300 * MIB, smUtil: null }] : [];
      return monitorSample({ at, gpus: [gpuReading({ processes })] });
    };
    await supervisor.start();
    await settle();
    pid = supervisor.models.get('detector')?.process.child?.pid ?? 0;
    await seconds(1);
    supervisor.residency.command('stop', 'detector');
    await settle();
    await seconds(2);
    assert.equal(supervisor.residency.view('detector')?.phase, 'ending');
    listed = false;
    await seconds(2);
    assert.notEqual(supervisor.residency.view('detector')?.phase, 'ending');
  });
});
