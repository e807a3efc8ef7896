/** A real server whose configuration changes while it serves: by SIGHUP and by the command line. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { storedEventSchema } from '../../src/contract/history.ts';
import { type ReloadAnswer, reloadAnswerSchema } from '../../src/contract/reload.ts';
import { MANIFEST_FILE } from '../../src/models/manifest-file.ts';
import { SHARED_MODELS } from '../fixtures/shared.ts';
import { post } from './support/client.ts';
import { configured } from './support/config-file.ts';
import { underLoad } from './support/load.ts';
import { makeDataDir, startServer, type TestServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { reload as reloadOver } from './support/swap-admin.ts';
import { bundledDir } from './support/swap-parts.ts';
import { versionFactory } from './support/swap-versions.ts';
import { until } from './support/until.ts';

const DONE_MS = 30_000;

type Given = Readonly<Record<string, unknown>>;

describe('the configuration of a server that runs', { skip }, () => {
  const dataDir = makeDataDir();
  const factory = versionFactory(dataDir);
  const store = { mirrors: [factory.mirror, SHARED_MODELS] };
  let server: TestServer;
  /** Writes the server's file anew. */
  const write = (settings: Given): void => void configured({ store, ...settings }, dataDir);

  before(async () => {
    const { args } = configured({ store }, dataDir);
    server = await startServer({ dataDir, args, env: { FACEPOOL_STORE_CACHE_DIR: path.join(dataDir, 'weights') } });
    // It comes after the server serves, and its pid is one of those that stay.
    await until('the monitor runs', DONE_MS, async () => (await server.model('monitor')).state === 'ready');
  });
  after(() => server?.stop());

  const pids = async (): Promise<Record<string, number | null>> =>
    Object.fromEntries((await server.models()).map(({ name, pid }) => [name, pid]));
  const told = (pattern: RegExp): number => server.log().filter(({ msg }) => pattern.test(msg)).length;
  /** SIGHUP, and waits for the line that says what became of it. */
  const hangUp = async (expected: RegExp): Promise<void> => {
    const before = told(expected);
    server.kill('SIGHUP');
    await until(`the log says ${expected}`, DONE_MS, () => told(expected) > before);
  };
  const reload = async (...flags: string[]): Promise<ReloadAnswer> => {
    const { code, stdout, stderr } = await server.cli('reload', '--json', ...flags);
    assert.equal(code, 0, stderr);
    return reloadAnswerSchema.parse(JSON.parse(stdout));
  };
  const rows = ({ changes }: ReloadAnswer): string[] => changes.map(({ setting, effect }) => `${setting} ${effect}`);
  /** What was begun is done: until then another reload is refused. */
  const settled = (): Promise<ReloadAnswer> =>
    until('what was begun is done', DONE_MS, () => reloadOver(server.socket));

  it('changes by SIGHUP: other weights at once, another version by a swap, and the other processes stay', async () => {
    const { version } = await factory.sound('detector', 'plain', false);
    const start = await pids();
    const wanted = {
      log: { level: 'debug' },
      memory: { budgets: ['cpu=6000'] },
      models: { detector: { version }, recognizer: { residency: 'on_demand', idle_ttl_ms: 123_000 } },
      imaging: { concurrency: 2 },
    };
    write(wanted);
    const dry = await reload('--dry-run');
    assert.equal(dry.dry_run, true);
    assert.deepEqual(rows(dry), [
      'imaging.concurrency needs_restart',
      'memory.budgets applied',
      'log.level applied',
      'models.detector.version model_swapped',
      'models.recognizer.residency applied',
      'models.recognizer.idle_ttl_ms applied',
    ]);
    assert.deepEqual(await pids(), start);
    assert.equal((await server.model('recognizer')).residency, 'resident');

    const photo = picture('photos/person-vlado.jpg');
    const { outcomes } = await underLoad(
      2,
      () => post(server, '/v1/recognize?fields=liveness,embedding', photo),
      async () => {
        await hangUp(/^the configuration was read again: 5 applied, 1 after a restart$/);
        await until(
          'the new version serves',
          DONE_MS,
          async () => (await server.model('detector')).version === version,
        );
      },
    );
    for (const outcome of outcomes) assert.equal('answer' in outcome && outcome.answer.status, 200);
    assert.ok(outcomes.length > 0);
    const { recognizer, liveness, imaging, monitor } = await pids();
    assert.deepEqual({ ...start, detector: null }, { recognizer, liveness, imaging, monitor, detector: null });
    assert.equal((await server.model('recognizer')).residency, 'on_demand');
    // The figures of a device are those of the last second.
    await until('the budget is in the figures', DONE_MS, async () => {
      return (await server.metric('facepool_memory_bytes', { device: 'cpu', kind: 'budget' })) <= 6e9;
    });
    assert.equal(await server.metric('facepool_swaps_total', { model: 'detector', result: 'ok' }), 1);
    assert.ok(server.log().some(({ level }) => level === 'debug'));

    // What needs a restart is told again; the rest is in force.
    assert.deepEqual(rows(await settled()), ['imaging.concurrency needs_restart']);
    const audit = readFileSync(path.join(dataDir, 'logs', 'audit.log'), 'utf8');
    assert.match(audit, /"who":"signal","action":"server.reload","target":"configuration","result":"ok"/);
    const answer = await fetch(`${server.url}/v1/events?types=reload`, { headers: { accept: 'application/json' } });
    const { events } = (await answer.json()) as { events: unknown[] };
    const first = storedEventSchema.parse(events[0]);
    assert.match(first.text, /^The configuration was read again/);
  });

  it('restarts one model only, for what only a new process can have', async () => {
    const start = await pids();
    const detector = { version: (await server.model('detector')).version };
    write({ models: { detector, liveness: { threads: 1 } }, log: { level: 'info' } });
    const photo = picture('photos/person-vlado.jpg');
    const { outcomes } = await underLoad(
      2,
      () => post(server, '/v1/recognize?fields=liveness', photo),
      async () => {
        const answer = await reload();
        assert.ok(rows(answer).includes('models.liveness.threads model_restarted'), rows(answer).join());
        await settled();
      },
    );
    for (const outcome of outcomes) assert.equal('answer' in outcome && outcome.answer.status, 200);
    const end = await pids();
    assert.notEqual(end['liveness'], start['liveness']);
    assert.equal((await server.model('liveness')).threads, 1);
    assert.deepEqual({ ...end, liveness: 0 }, { ...start, liveness: 0 });
  });

  it('is refused as a whole where it is wrong, with every fault by its name; nothing changes', async () => {
    const start = await pids();
    const refused = /^the configuration was read again, and not all of it could be used/;
    write({ limits: { queue: -1 }, models: { detector: { prio: 3 }, recognizer: { residency: 'on_demand' } } });
    await hangUp(refused);
    const { msg } = server.log().findLast((line) => refused.test(line.msg)) ?? { msg: '' };
    assert.match(msg, /limits\.queue/);
    assert.match(msg, /prio/);
    const { code, stderr } = await server.cli('reload');
    assert.notEqual(code, 0);
    assert.match(stderr, /limits\.queue[\s\S]*allowed/);
    assert.match(stderr, /prio/);

    write({ models: { detector: { version: 'nowhere' }, recognizer: { residency: 'on_demand' } } });
    const unknown = await server.cli('reload', '--dry-run');
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /models\.detector\.version.*nowhere/);
    assert.deepEqual(await pids(), start);
    assert.equal((await server.model('recognizer')).residency, 'resident');
    assert.equal((await post(server, '/v1/detect', picture('photos/person-vlado.jpg'))).status, 200);
  });

  it('a version that does not start leaves the old one serving, and stays a difference', async () => {
    const { version } = await factory.broken('detector', 'wrong golden');
    const serving = (await server.model('detector')).version;
    write({ models: { detector: { version }, liveness: { threads: 1 } } });
    const answer = await reload();
    assert.ok(rows(answer).includes('models.detector.version model_swapped'));
    await until('the failure is told', DONE_MS, () => told(/could not be replaced by/) > 0);
    assert.equal((await server.model('detector')).version, serving);
    const again = await until('another reload is taken', DONE_MS, () => reloadOver(server.socket, true));
    assert.deepEqual(rows(again), ['models.detector.version model_swapped']);
  });

  const ready = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
  const detectWith = (detector: string) => () =>
    post(server, `/v1/detect?detector=${detector}`, picture('photos/person-vlado.jpg'));
  const isRunning = (pid: number | null | undefined): boolean => {
    try {
      return typeof pid === 'number' && process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('adds a model while it serves: proven first, the others stay, and readiness never says no', async () => {
    const serving = { version: (await server.model('detector')).version };
    write({ models: { detector: serving, liveness: { threads: 1 } } });
    await settled();
    const start = await pids();
    cpSync(bundledDir('detector'), path.join(dataDir, 'models', 'second', 'one'), { recursive: true });
    const manifest = path.join(dataDir, 'models', 'second', 'one', MANIFEST_FILE);
    const text = readFileSync(manifest, 'utf8').replace(/^name: .*$/m, 'name: second');
    writeFileSync(manifest, text.replace(/^version: .*$/m, 'version: one'));
    assert.equal((await detectWith('second')()).status, 400);
    write({ models: { detector: serving, liveness: { threads: 1 }, second: { version: 'one' } } });
    assert.deepEqual(rows(await reload('--dry-run')), ['models.second model_added']);
    const readiness: number[] = [];
    const { outcomes } = await underLoad(2, detectWith('detector'), async () => {
      assert.deepEqual(rows(await reload()), ['models.second model_added']);
      await until('it serves', DONE_MS, async () => {
        readiness.push(await ready());
        return (
          (await server.model('second')).state === 'ready' && (await server.model('second')).residency === 'resident'
        );
      });
    });
    assert.ok(outcomes.length > 0);
    for (const outcome of outcomes) assert.equal('answer' in outcome && outcome.answer.status, 200);
    assert.ok(readiness.every((status) => status === 200));
    assert.equal((await detectWith('second')()).status, 200);
    const { second, ...others } = await pids();
    assert.ok(isRunning(second));
    assert.deepEqual(others, start);
    assert.deepEqual(rows(await settled()), []);
    const { code, stdout } = await server.cli('versions', 'second', '--json');
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { stable: string }).stable, 'one');
  });

  it('adds nothing, and changes nothing beside it, where its weights cannot be had', async () => {
    const start = await pids();
    const dir = path.join(dataDir, 'models', 'third', 'one');
    cpSync(path.join(dataDir, 'models', 'second', 'one'), dir, { recursive: true });
    const text = readFileSync(path.join(dir, MANIFEST_FILE), 'utf8').replace(/^name: .*$/m, 'name: third');
    writeFileSync(path.join(dir, MANIFEST_FILE), text.replace(/sha256: .*$/m, `sha256: ${'ab'.repeat(32)}`));
    const models = { detector: { version: (await server.model('detector')).version }, liveness: { threads: 1 } };
    write({ models: { ...models, second: { version: 'one', residency: 'on_demand' }, third: { version: 'one' } } });
    const { code, stderr } = await server.cli('reload');
    assert.equal(code, 4);
    assert.match(stderr, /models\.third\.version: .*missing/);
    assert.doesNotMatch(stderr, new RegExp(dataDir));
    assert.deepEqual(await pids(), start);
    assert.equal((await server.model('second')).residency, 'resident');
  });

  it('removes models while it serves: nobody is cut off, and their processes are gone', async () => {
    const start = await pids();
    const serving = { version: (await server.model('detector')).version };
    write({ models: { detector: serving, liveness: { threads: 1, enabled: false } } });
    const { outcomes } = await underLoad(2, detectWith('second'), async () => {
      const answer = await reload();
      assert.deepEqual(rows(answer), ['models.liveness.enabled model_removed', 'models.second model_removed']);
      await until('both are gone', DONE_MS, async () => {
        assert.equal(await ready(), 200);
        const names = (await server.models()).map(({ name }) => name);
        return !names.some((name) => /^(?:second|liveness)(?:@|$)/.test(name));
      });
    });
    const statuses = outcomes.map((outcome) => ('answer' in outcome ? outcome.answer.status : outcome.error));
    assert.ok(statuses.includes(400));
    assert.ok(
      statuses.every((status) => status === 200 || status === 400),
      JSON.stringify(statuses),
    );
    assert.equal(isRunning(start['second']) || isRunning(start['liveness']), false);
    const { second: _second, liveness: _liveness, ...others } = start;
    assert.deepEqual(await pids(), others);
    assert.equal((await post(server, '/v1/liveness', picture('photos/person-vlado.jpg'))).status, 400);
    assert.equal((await server.cli('versions', 'second')).code, 4);
    assert.equal(await ready(), 200);

    write({ models: { detector: serving, liveness: { threads: 1 } } });
    await reload();
    await until('it is back', DONE_MS, async () =>
      (await server.models()).some(({ name, state }) => name === 'liveness' && state === 'ready'),
    );
    assert.equal((await post(server, '/v1/liveness', picture('photos/person-vlado.jpg'))).status, 200);
  });

  it('ends by SIGTERM as ever', async () => {
    assert.equal((await server.stop()).code, 0);
  });
});
