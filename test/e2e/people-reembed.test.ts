/** Another recognizer for people who are there: embedded anew while they are asked for, switched, and back again. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { peopleCheckSchema } from '../../src/contract/people.ts';
import { facesOf, post, postJson } from './support/client.ts';
import { EDGEFACE, EDGEFACE_SPACE, OMZ_SPACE } from './support/edgeface.ts';
import {
  aliases,
  collectionOf,
  enrol,
  enrolAll,
  enrolCrowd,
  enrolEmbedding,
  mistakes,
  portrait,
  recognize,
  reembeds,
  startReembedServer,
  whileAsking,
} from './support/reembed-server.ts';
import { skip } from './support/shared.ts';
import { send } from './support/swap-admin.ts';
import type { SwapServer } from './support/swap-server.ts';
import { until } from './support/until.ts';

const OMZ = 'omz-0095';
/** Longer than a busy machine needs from the promotion to the way back. */
const KEEP_WARM_MS = 8_000;
const LONG_MS = 600_000;
const CROWD = 90;

describe('people of another recognizer', { skip }, () => {
  let server: SwapServer | null = null;
  afterEach(async () => {
    await server?.stop();
    server = null;
  });
  const start = async (keepWarmMs: number): Promise<SwapServer> => (server = await startReembedServer(keepWarmMs));

  it('from the refusal to the new space, back, and the end of the other space', async () => {
    const own = await start(KEEP_WARM_MS);
    const { admin } = own;
    await enrolAll(own);
    const refused = await admin.swap('recognizer', { version: EDGEFACE });
    assert.ok(!refused.ok && refused.refusal.code === 'space_mismatch', JSON.stringify(refused));
    assert.match(refused.refusal.detail, /4 enrolled faces.*facepool people reembed edgeface-xs/);
    assert.deepEqual(await mistakes(own, OMZ), []);

    // Everybody is embedded anew, and nobody who asks meanwhile notices.
    const embedding = await whileAsking(own, () => own.cli('people', 'reembed', EDGEFACE, '--wait'));
    assert.equal(embedding.result.code, 0, embedding.result.stdout + embedding.result.stderr);
    assert.match(embedding.result.stdout, /ready, 4 of 4 faces are embedded; next: facepool promote recognizer/);
    assert.deepEqual([embedding.load.failed, embedding.load.wrong], [[], []]);
    assert.ok(embedding.load.requests >= 10, `${embedding.load.requests} requests`);
    assert.deepEqual(embedding.load.versions, new Set([OMZ]));
    assert.deepEqual(await aliases(own), { [OMZ]: ['stable'], [EDGEFACE]: ['shadow'] });
    const both = await collectionOf(own);
    assert.deepEqual([both.space, both.also], [OMZ_SPACE, [EDGEFACE_SPACE]]);

    // A collection that is new is known in both too, or it would stand in the way.
    await postJson(own, '/v1/collections', { name: 'late' });
    await enrol(own, 'Lauren', 'person-lauren', { collection: 'late' });
    const late = await collectionOf(own, 'late');
    assert.deepEqual([late.space, late.also], [OMZ_SPACE, [EDGEFACE_SPACE]]);

    // All at once, without a failure.
    const switching = await whileAsking(own, async () => {
      const promoted = await own.cli('promote', 'recognizer');
      assert.equal(promoted.code, 0, promoted.stderr);
      return mistakes(own, EDGEFACE);
    });
    assert.deepEqual([switching.result, switching.load.failed, switching.load.wrong], [[], [], []]);
    assert.ok(switching.load.versions.has(EDGEFACE));
    await until('the new space is the first', 20_000, async () => (await collectionOf(own)).space === EDGEFACE_SPACE);

    // Who comes now is known in both, and so is everybody after the way back.
    await enrol(own, 'Nicole', 'person-nicole');
    assert.equal((await recognize(own, 'person-nicole')).faces[0]?.identity, 'Nicole');
    const back = await whileAsking(own, () => admin.rollback('recognizer'));
    assert.ok(back.result.ok, JSON.stringify(back.result));
    assert.deepEqual(back.load.failed, []);
    const { faces, models } = await recognize(own, 'person-nicole');
    assert.deepEqual([faces[0]?.identity, models['recognizer']?.version], ['Nicole', OMZ]);
    assert.deepEqual(
      (await mistakes(own, OMZ)).filter((text) => !text.startsWith('person-nicole: Nicole')),
      [],
    );
    const lauren = facesOf(await post(own, '/v1/recognize', portrait('person-lauren'), { collection: 'late' }));
    assert.equal(lauren.faces[0]?.identity, 'Lauren');
    await until('the old space is first again', 20_000, async () => (await collectionOf(own)).space === OMZ_SPACE);

    // Nobody goes back any more: the other space goes, and with it the way there.
    await until('the other space is dropped', KEEP_WARM_MS + 15_000, async () => {
      const [one, two] = [await collectionOf(own), await collectionOf(own, 'late')];
      return one.also.length === 0 && two.also.length === 0;
    });
    const again = await admin.swap('recognizer', { version: EDGEFACE });
    assert.ok(!again.ok && again.refusal.code === 'space_mismatch', JSON.stringify(again));
    await enrol(own, 'B one', 'stock-emotions-b-1');
    assert.equal((await recognize(own, 'stock-emotions-b-1')).faces[0]?.identity, 'B one');
    const check = peopleCheckSchema.parse((await send(own.socket, 'POST', '/v1/people/check')).body);
    assert.deepEqual(check.faults, []);
  });

  it('names who has no crop, takes its shadow back, and does not do again what is there', async () => {
    const own = await start(LONG_MS);
    const job = reembeds(own);
    await enrolAll(own);
    await enrolEmbedding(own, 'No Crop', 'person-nicole');

    const failed = await own.cli('people', 'reembed', EDGEFACE, '--wait');
    assert.equal(failed.code, 1, failed.stdout);
    assert.match(failed.stdout, /No Crop/);
    const told = await job.ended();
    assert.deepEqual([told.state, told.missing], ['failed', [{ collection: 'default', subject: 'No Crop', faces: 1 }]]);
    assert.match(told.detail, /^1 of 5 faces cannot be embedded.*store_images/);
    assert.deepEqual(await aliases(own), { [OMZ]: ['stable'] });
    const refused = await own.admin.swap('recognizer', { version: EDGEFACE });
    assert.ok(!refused.ok && refused.refusal.code === 'space_mismatch');

    assert.equal((await send(own.socket, 'DELETE', '/v1/collections/default/subjects/No%20Crop')).status, 200);
    const begun = await job.begin(EDGEFACE);
    assert.ok('done' in begun, JSON.stringify(begun));
    assert.deepEqual([begun.done, begun.total], [4, 4], 'four are embedded already');
    assert.equal((await job.ended()).state, 'ready');

    // A canary of the new space; then whoever takes it back finds everything as it was.
    const canary = await own.admin.swap('recognizer', { version: EDGEFACE, strategy: 'canary', percent: 50 });
    assert.ok(canary.ok, JSON.stringify(canary));
    const asked = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const answer = await fetch(`${own.url}/v1/recognize`, {
          method: 'POST',
          body: new Uint8Array(portrait('person-vlado5')),
          headers: { 'content-type': 'application/octet-stream', 'x-client-id': `client-${i}` },
        });
        const { faces, models } = facesOf({
          status: answer.status,
          headers: answer.headers,
          body: await answer.json(),
        });
        return [models['recognizer']?.alias, faces[0]?.identity] as const;
      }),
    );
    assert.deepEqual(new Set(asked.map(([alias]) => alias)), new Set(['stable', 'canary']));
    assert.deepEqual(new Set(asked.map(([, identity]) => identity)), new Set(['Vlado']));
    const taken = await whileAsking(own, () => own.admin.rollback('recognizer'));
    assert.ok(taken.result.ok);
    assert.deepEqual([taken.load.failed, taken.load.wrong], [[], []]);
    await until('the space that nobody means is gone', 10_000, async () => (await collectionOf(own)).also.length === 0);
    await enrol(own, 'Nicole', 'person-nicole');
    const before = await collectionOf(own);
    assert.deepEqual([before.space, before.also, before.faces], [OMZ_SPACE, [], 5]);
  });

  it('is cancelled, killed, ended and begun again in the middle, while people change', async () => {
    let own = await start(LONG_MS);
    let job = reembeds(own);
    await enrolAll(own);
    await enrolCrowd(own, CROWD);
    const total = CROWD + 4;
    const first = await job.begin(EDGEFACE);
    assert.ok('state' in first && first.state === 'running', JSON.stringify(first));
    const twice = await job.begin(EDGEFACE);
    assert.ok('code' in twice && twice.code === 'conflict', JSON.stringify(twice));
    await job.reached(16);
    const cancelled = await job.cancel();
    assert.deepEqual([cancelled.state, cancelled.missing], ['cancelled', []]);
    assert.ok(cancelled.done >= 16 && cancelled.done < total, `${cancelled.done}`);
    assert.deepEqual(await aliases(own), { [OMZ]: ['stable'] });

    const second = await job.begin(EDGEFACE);
    assert.ok('done' in second && second.done === cancelled.done, JSON.stringify(second));
    const reached = await job.reached(cancelled.done + 1);
    own.kill('SIGKILL');
    await own.exited;
    own = await own.again();
    server = own;
    job = reembeds(own);
    assert.equal(await job.status(), null);
    assert.deepEqual(await aliases(own), { [OMZ]: ['stable'], [EDGEFACE]: ['shadow'] });

    const killed = await job.begin(EDGEFACE);
    assert.ok('done' in killed, JSON.stringify(killed));
    assert.ok(killed.done >= reached.done && killed.done < total, `${killed.done} after ${reached.done}`);
    const orderly = await job.reached(killed.done + 1);
    own.kill('SIGTERM');
    assert.equal((await own.exited).code, 0);
    assert.deepEqual(errorsOf(own), []);
    own = await own.again();
    server = own;
    job = reembeds(own);

    const third = await job.begin(EDGEFACE);
    assert.ok('done' in third, JSON.stringify(third));
    assert.ok(third.done >= orderly.done && third.done < total, `${third.done} after ${orderly.done}`);
    // People change meanwhile: a name, two who are one, one who goes, one who comes.
    const subject = (name: string) => `/v1/collections/default/subjects/${encodeURIComponent(name)}`;
    const change = (name: string, body: unknown) =>
      send(own.socket, 'PATCH', subject(name), {
        type: 'application/json',
        bytes: Buffer.from(JSON.stringify(body)),
      });
    assert.equal((await change('Vlado', { subject: 'Vlado Ž' })).status, 200);
    assert.equal((await change('crowd 1', { subject: 'A', merge: true })).status, 200);
    assert.equal((await send(own.socket, 'DELETE', subject(`crowd ${CROWD - 1}`))).status, 200);
    await enrol(own, 'Lauren', 'person-lauren');
    const ready = await job.ended();
    assert.deepEqual([ready.state, ready.done, ready.total], ['ready', total, total], ready.detail);
    // Some were embedded before: by this process only the others, beside the probes of its load.
    const runs = await own.metric('facepool_inferences_total', { model: `recognizer@${EDGEFACE}` });
    assert.ok(runs <= total + 1 - third.done + 20, `${runs} runs for ${total - third.done} faces`);

    for (let i = 0; i < CROWD; i++) await send(own.socket, 'DELETE', subject(`crowd ${i}`));
    const swapped = await own.admin.promote('recognizer');
    assert.ok(swapped.ok, JSON.stringify(swapped));
    assert.equal((await recognize(own, 'person-vlado5')).faces[0]?.identity, 'Vlado Ž');
    assert.equal((await recognize(own, 'person-lauren')).faces[0]?.identity, 'Lauren');
    assert.equal((await recognize(own, 'stock-emotions-a-2')).faces[0]?.identity, 'A');

    // A restart forgets no way back: who is enrolled before it is gone is known in both.
    own.kill('SIGTERM');
    await own.exited;
    own = await own.again();
    server = own;
    await enrol(own, 'Nicole', 'person-nicole');
    const back = await own.admin.rollback('recognizer');
    assert.ok(back.ok, JSON.stringify(back));
    assert.equal((await recognize(own, 'person-nicole')).faces[0]?.identity, 'Nicole');
    assert.equal((await recognize(own, 'person-vlado5')).faces[0]?.identity, 'Vlado Ž');
    assert.deepEqual(errorsOf(own), []);
  });
});

function errorsOf(server: SwapServer): unknown[] {
  return server.log().filter(({ level }) => level === 'error');
}
