/** The server ends while versions change, in order or not: it comes back to what it said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VersionsAnswer } from '../../src/contract/rollout.ts';
import { isChosen } from '../../src/rollout/split.ts';
import { skip } from './support/shared.ts';
import { BUNDLED } from './support/swap-parts.ts';
import { people, versionsOf } from './support/swap-people.ts';
import { type SwapServer, startSwapServer } from './support/swap-server.ts';
import { until } from './support/until.ts';

const PERCENT = 33.3;
const PERSONS = people(20);
const BACK_MS = 20_000;
/** The other models would start with the server each time, and nobody asks them. */
const SETTINGS = { models: { recognizer: { enabled: false }, liveness: { enabled: false } } };
const SIGNALS = ['SIGTERM', 'SIGKILL'] as const;

async function restarted(server: SwapServer, signal: NodeJS.Signals): Promise<SwapServer> {
  server.kill(signal);
  const { code } = await server.exited;
  assert.equal(code, signal === 'SIGTERM' ? 0 : null);
  return server.again();
}

const aliases = ({ generation, stable, canary, shadow, previous }: VersionsAnswer): unknown => ({
  generation,
  stable,
  canary,
  shadow,
  previous,
});

test('a canary goes on after a restart: the same generation and share, the same clients', { skip }, async (t) => {
  let server = await startSwapServer(SETTINGS);
  t.after(() => server.stop());
  const { version } = await server.factory.sound('detector', 'plain', true);
  const begun = await server.admin.swap('detector', { version, strategy: 'canary', percent: PERCENT });
  assert.ok(begun.ok && begun.value.state === 'live');
  const before = aliases(await server.admin.versions('detector'));
  const wanted = Object.fromEntries(
    PERSONS.map((person) => {
      const isOfCanary = isChosen('detector', person, PERCENT);
      return [person, isOfCanary ? `${version} as canary` : `${BUNDLED.detector} as stable`];
    }),
  );
  assert.equal(new Set(Object.values(wanted)).size, 2, 'people on both sides');
  assert.deepEqual(await versionsOf(server, PERSONS), wanted);

  for (const signal of SIGNALS) {
    server = await restarted(server, signal);
    // Until the canary is there again, its clients are answered by the stable version.
    for (const who of Object.values(await versionsOf(server, PERSONS.slice(0, 6)))) assert.match(who, / as /);
    await until(`the canary is live again after ${signal}`, BACK_MS, async () => {
      const { swap } = await server.admin.versions('detector');
      return swap?.state === 'live';
    });
    assert.deepEqual(aliases(await server.admin.versions('detector')), before);
    assert.deepEqual(await versionsOf(server, PERSONS), wanted);
  }

  const promoted = await server.admin.promote('detector');
  assert.ok(promoted.ok && promoted.value.state === 'done');
  server = await restarted(server, 'SIGKILL');
  const after = await server.admin.versions('detector');
  assert.deepEqual([after.stable, after.canary, after.previous], [version, null, BUNDLED.detector]);
  const everybody = Object.fromEntries(PERSONS.map((person) => [person, `${version} as stable`]));
  assert.deepEqual(await versionsOf(server, PERSONS), everybody);
});

test('a server that ends while a version is loaded comes back to the one that served', { skip }, async (t) => {
  let server = await startSwapServer(SETTINGS);
  t.after(() => server.stop());
  const before = aliases(await server.admin.versions('detector'));
  for (const signal of SIGNALS) {
    const { version } = await server.factory.sound('detector', 'plain', true);
    const begun = await server.admin.begin('detector', { version });
    assert.ok(begun.ok);
    const { id } = begun.value;
    await until('its process has begun', BACK_MS, async () => {
      const { steps } = await server.admin.find(id);
      return steps.some(({ step }) => step === 'start' || step === 'load');
    });
    server = await restarted(server, signal);
    const after = await server.admin.versions('detector');
    assert.deepEqual(aliases(after), before);
    assert.equal(after.swap, null);
    assert.equal(after.versions.find((one) => one.version === version)?.state, 'none');
    assert.deepEqual(
      new Set(Object.values(await versionsOf(server, PERSONS.slice(0, 6)))),
      new Set([`${BUNDLED.detector} as stable`]),
    );
  }
});
