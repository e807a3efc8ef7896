/** A language model holds the memory; a face is to be found: the cycle of document S0 with real processes. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { detect, post, problemOf } from './support/client.ts';
import { configured, onDemand } from './support/config-file.ts';
import { isAlive } from './support/process.ts';
import { modelWorkers } from './support/proc.ts';
import { makeDataDir, startServer, type TestServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import {
  headroomFor,
  hungryDetector,
  startTenant,
  tenantMegabytes,
  tenantSettings,
  type TestTenant,
} from './support/tenant.ts';
import { CLOSELY_MS, until } from './support/until.ts';

const IDLE_TTL_MS = 500;
const MAX_WAIT_MS = 2000;
const image = (): Buffer => picture('photos/person-vlado.jpg');

describe('a tenant', { skip }, () => {
  let tenant: TestTenant;
  let headroom = 0;
  let server: TestServer | undefined;
  // One for all tests: to touch gigabytes takes seconds. Those that take its memory come last, but for the one that gives it back.
  before(async () => {
    tenant = await startTenant(tenantMegabytes());
  });
  beforeEach(async () => {
    headroom = await headroomFor(tenant);
  });
  after(() => tenant?.stop());
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const serve = async (comesBack: boolean, memory: Record<string, unknown> = {}): Promise<TestServer> => {
    const dataDir = makeDataDir();
    const settings = {
      memory: { headroom_mb: headroom, max_wait_ms: MAX_WAIT_MS, ...memory },
      models: onDemand({ idle_ttl_ms: IDLE_TTL_MS }),
      tenants: { llm: tenantSettings(tenant, 1000, comesBack) },
      store: { models_dir: hungryDetector(dataDir, tenant.megabytes / 2) },
    };
    server = await startServer(configured(settings, dataDir));
    return server;
  };

  it('gives way to the detector and comes back when it is done: the whole cycle of S0', async (t) => {
    const { url, pid } = await serve(true);
    const holder = (await tenant.state()).pid as number;
    const begun = performance.now();
    const since = (): number => Math.round(performance.now() - begun);
    const seen = (what: string, isSo: () => boolean): Promise<number> =>
      until(what, 10_000, () => isSo() && since(), CLOSELY_MS);
    const released = seen('the tenant is released', () => !isAlive(holder));
    const loaded = seen('the detector has a process', () => modelWorkers(pid).length === 1);
    assert.equal((await detect({ url }, image())).faces.length, 1);
    const answered = since();
    assert.ok((await released) <= (await loaded), 'its memory was back before the detector was started');
    const gone = await until('the detector is gone', 10_000, () => modelWorkers(pid).length === 0 && since());
    const back = await until('the tenant is back', 10_000, async () => (await tenant.state()).holds && since());
    assert.deepEqual((await tenant.state()).asked, { unload: 1, load: 1 });
    assert.ok(back < 15_000, 'faster than the 15–29 s of the document');
    t.diagnostic(
      `S0 cycle with ${tenant.megabytes} MB: released ${await released} ms, loading ${await loaded} ms, ` +
        `face found ${answered} ms, detector gone ${gone} ms, tenant back ${back} ms`,
    );
    await tenant.load();
  });

  it('is not asked while evicting idle models is enough', async () => {
    const { asked } = await tenant.state();
    const { url } = await serve(false, { headroom_mb: Math.max(256, headroom - tenant.megabytes) });
    assert.equal((await detect({ url }, image())).faces.length, 1);
    assert.deepEqual((await tenant.state()).asked, asked);
  });

  for (const mode of ['error', 'slow'] as const) {
    it(`that is no help (${mode}) means 503 memory_exhausted with Retry-After, and is asked again later`, async () => {
      await tenant.mode(mode);
      const running = await serve(false);
      const answer = await post(running, '/detect', image());
      await tenant.mode('ok');
      problemOf(answer, 'memory_exhausted');
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.deepEqual(modelWorkers(running.pid), [], 'nothing was started');
      const trouble = running.log().filter(({ msg }) => msg.startsWith('release tenant llm failed'));
      assert.equal(trouble.length, 1, 'the log says why, once');
    });
  }

  it('that says OK before its bytes are free is waited for', async () => {
    await tenant.mode('late');
    const { url, pid } = await serve(false);
    const holder = (await tenant.state()).pid as number;
    let early = false;
    const isGone = (): boolean => {
      early ||= isAlive(holder) && modelWorkers(pid).length > 0;
      return !isAlive(holder);
    };
    const watch = until('the tenant is gone', 10_000, isGone, CLOSELY_MS);
    assert.equal((await detect({ url }, image())).faces.length, 1);
    await watch;
    assert.equal(early, false, 'no process was started before the bytes were free');
  });

  it('that is not running at all is no reason to fail while there is room', async () => {
    const megabytes = tenant.megabytes;
    await tenant.stop();
    const { url } = await serve(false);
    assert.equal((await detect({ url }, image())).faces.length, 1);
    assert.ok(megabytes > 1000, 'the figures of this test are large beside the noise of a machine');
  });
});
