/** Settings that name another version than before: the way back, over restarts and reloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skip } from './support/shared.ts';
import { BUNDLED } from './support/swap-parts.ts';
import { type SwapServer, startSwapServer } from './support/swap-server.ts';

test('the first other version in the settings, at a restart: rollback goes back, and that holds', {
  skip,
}, async (t) => {
  let server = await startSwapServer({});
  t.after(() => server.stop());
  const { version } = await server.factory.sound('detector', 'plain', false);
  const restart = async (): Promise<SwapServer> => {
    server.kill('SIGTERM');
    assert.equal((await server.exited).code, 0);
    return server.again({ models: { detector: { version } } });
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
