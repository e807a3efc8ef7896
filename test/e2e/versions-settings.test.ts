/** Settings that name another version than before: the way back, over restarts and reloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHARED_MODELS } from '../fixtures/shared.ts';
import { configured } from './support/config-file.ts';
import { skip } from './support/shared.ts';
import { reload } from './support/swap-admin.ts';
import { BUNDLED } from './support/swap-parts.ts';
import { type SwapServer, startSwapServer } from './support/swap-server.ts';
import { until } from './support/until.ts';

const DONE_MS = 30_000;
/** They would start with the server each time, and nobody asks them. */
const OTHERS = { recognizer: { enabled: false }, liveness: { enabled: false } };

test('the first other version in the settings, at a restart: rollback goes back, and that holds', {
  skip,
}, async (t) => {
  let server = await startSwapServer({ models: OTHERS });
  t.after(() => server.stop());
  const { version } = await server.factory.sound('detector', 'plain', false);
  const restart = async (): Promise<SwapServer> => {
    server.kill('SIGTERM');
    assert.equal((await server.exited).code, 0);
    return server.again({ models: { ...OTHERS, detector: { version } } });
  };
  server = await restart();
  const changed = await server.admin.versions('detector');
  assert.deepEqual([changed.stable, changed.previous], [version, BUNDLED.detector]);
  assert.equal(changed.history[0]?.by, 'settings');

  const back = await server.cli('rollback', 'detector');
  assert.equal(back.code, 0, back.stderr);
  assert.equal((await server.model('detector')).version, BUNDLED.detector);
  server = await restart();
  const { stable, previous, generation } = await server.admin.versions('detector');
  assert.deepEqual({ stable, previous, generation }, { stable: BUNDLED.detector, previous: version, generation: 2 });
});

test('the first other version in the settings, by a reload: the same', { skip }, async (t) => {
  let server = await startSwapServer({ models: OTHERS });
  t.after(() => server.stop());
  const { version } = await server.factory.sound('detector', 'plain', false);
  const store = { mirrors: [server.factory.mirror, SHARED_MODELS] };
  configured({ store, models: { ...OTHERS, detector: { version } } }, server.dataDir);
  assert.equal((await server.cli('reload')).code, 0);
  await until('the new version serves, and the old one is done', DONE_MS, async () => {
    const { stable, swap } = await server.admin.versions('detector');
    return stable === version && swap === null;
  });
  const changed = await server.admin.versions('detector');
  assert.equal(changed.previous, BUNDLED.detector);
  assert.deepEqual([changed.history[0]?.by, changed.history[0]?.why], ['reload', 'the settings name it']);

  const back = await server.cli('rollback', 'detector');
  assert.equal(back.code, 0, back.stderr);
  const again = await until('another reload is taken', DONE_MS, () => reload(server.socket));
  assert.deepEqual(again.changes, []);
  server.kill('SIGKILL');
  await server.exited;
  server = await server.again({ models: { ...OTHERS, detector: { version } } });
  const { stable, previous, generation } = await server.admin.versions('detector');
  assert.deepEqual({ stable, previous, generation }, { stable: BUNDLED.detector, previous: version, generation: 2 });

  // The settings change once more, to a version whose files go then.
  server.kill('SIGTERM');
  await server.exited;
  server = await server.again({ models: { ...OTHERS, detector: { version: BUNDLED.detector } } });
  server.factory.remove({ model: 'detector', version });
  const gone = await server.cli('rollback', 'detector');
  assert.notEqual(gone.code, 0);
  assert.match(gone.stderr, new RegExp(`detector has no version "${version}"; there are: ${BUNDLED.detector}`));
  assert.equal((await server.model('detector')).version, BUNDLED.detector);
});
