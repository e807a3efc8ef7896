/** Settings that name a recognizer of another embedding space over people: what is told, and the way back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peopleStatusSchema } from '../../src/contract/people.ts';
import { post } from './support/client.ts';
import { EDGEFACE, EDGEFACE_SPACE, OMZ_SPACE } from './support/edgeface.ts';
import { enrolAll, mistakes, portrait, startReembedServer } from './support/reembed-server.ts';
import { skip } from './support/shared.ts';
import type { SwapServer } from './support/swap-server.ts';
import { until } from './support/until.ts';

test('a restart with another recognizer in the settings says that nobody is recognized, and how they are again', {
  skip,
}, async (t) => {
  let own: SwapServer = await startReembedServer(60_000);
  t.after(() => own.stop());
  await enrolAll(own);
  own.kill('SIGTERM');
  await own.exited;
  own = await own.again({ models: { recognizer: { version: EDGEFACE } } });
  const status = async () => peopleStatusSchema.parse(await (await fetch(`${own.url}/v1/people`)).json());
  await until('people are read', 10_000, async () => (await status()).state === 'ready');

  const refused = await post(own, '/v1/recognize', portrait('person-vlado1'));
  assert.equal(refused.status, 409);
  const { mismatch } = await status();
  assert.deepEqual([mismatch?.collections, mismatch?.faces, mismatch?.spaces], [['default'], 4, [OMZ_SPACE]]);
  assert.ok(mismatch?.detail.includes(EDGEFACE_SPACE));
  assert.equal((await fetch(`${own.url}/readyz`)).status, 503);
  const told = await own.cli('status');
  assert.deepEqual([told.code, told.stderr], [0, `!! ${mismatch?.detail}\n`]);
  assert.ok(own.log().some(({ level, msg }) => level === 'error' && msg === mismatch?.detail));

  // In the banner, or right below it where people were read later.
  assert.ok(own.stderr().includes(`\n  !! ${mismatch?.detail}\n`), own.stderr());

  const back = await own.cli('swap', 'recognizer', 'omz-0095', '--wait');
  assert.equal(back.code, 0, back.stderr);
  assert.deepEqual(await mistakes(own, 'omz-0095'), []);
  assert.equal((await status()).mismatch, null);
  assert.equal((await fetch(`${own.url}/readyz`)).status, 200);
  const embedded = await own.cli('people', 'reembed', EDGEFACE, '--wait');
  assert.equal(embedded.code, 0, embedded.stderr);
  assert.equal((await own.cli('promote', 'recognizer')).code, 0);
  assert.deepEqual(await mistakes(own, EDGEFACE), []);
});
