/**
 * Logs at their most talkative tell of every call, in every process, which request it was for; and nothing of the
 * pictures, crops, embeddings and names that went through.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { FacesAnswer } from '../../src/contract/results.ts';
import { facesOf, post, postForm, postJson, problemOf, verifyOf } from './support/client.ts';
import { leaksIn, type Secrets } from './support/leaks.ts';
import { type TestServer, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const WORDS = ['anna-bell', 'Geheim.jpg'];
const FIELDS = 'landmarks,quality,ood,liveness,embedding,crop';

function logsOf(server: TestServer): Map<string, string> {
  const folder = path.join(server.dataDir, 'logs');
  const files = readdirSync(folder).map((name): [string, string] => [
    name,
    readFileSync(path.join(folder, name), 'latin1'),
  ]);
  return new Map([
    ...files,
    [
      'server',
      server
        .log()
        .map((line) => JSON.stringify(line))
        .join('\n'),
    ],
    ['stderr', server.stderr()],
  ]);
}

function secretsOf(files: readonly Uint8Array[], answers: readonly FacesAnswer[]): Secrets {
  const faces = answers.flatMap((answer) => answer.faces);
  const crops = faces.flatMap(({ crop }) => (crop === undefined ? [] : [Buffer.from(crop.base64, 'base64')]));
  const embeddings = faces.flatMap(({ embedding }) => (embedding?.array === undefined ? [] : [embedding.array]));
  assert.ok(crops.length >= 2 && embeddings.length >= 2);
  return { files: [...files, ...crops], embeddings, words: WORDS };
}

/** Lines of the log that are about the request, as `<level> <call>`. */
function callsOf(log: string | undefined, requestId: string): string[] {
  return (log ?? '')
    .split('\n')
    .filter((line) => line.includes(`"request_id":"${requestId}"`))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .map((line) => `${String(line['level'])} ${String(line['call'])}`);
}

it('logs at level trace follow a request through every process, and hold nothing biometric', { skip }, async () => {
  const one = picture('photos/person-vlado.jpg');
  const two = picture('photos/person-lauren.jpg');
  await withServer({ args: ['--set', 'log.level=trace'] }, async (server) => {
    const answers: FacesAnswer[] = [];
    for (const route of ['/recognize', '/embed']) {
      for (const query of [{}, { embedding_format: 'base64' }]) {
        const image = route === '/embed' ? two : one;
        answers.push(facesOf(await post(server, route, image, { fields: FIELDS, ...query })));
      }
    }
    facesOf(await postJson(server, '/detect', { image: { base64: one.toString('base64') } }));
    verifyOf(await postForm(server, '/verify', { source_image: one, target_image: two }));
    const form = new FormData();
    form.append('file', new Blob([Uint8Array.from(one)]), WORDS[1]);
    assert.equal((await fetch(`${server.url}/liveness`, { method: 'POST', body: form })).status, 200);

    // What goes wrong says more than what goes well.
    const half = one.subarray(0, one.length / 2);
    problemOf(await post(server, '/recognize', half), 'image_undecodable');
    problemOf(await post(server, '/recognize', Buffer.concat([Buffer.from('no picture'), one])), 'unsupported_media');
    problemOf(await post(server, '/recognize', one, { collection: WORDS[0] ?? '' }), 'not_found');
    problemOf(await post(server, '/recognize', one, { subject: WORDS[0] ?? '' }), 'unknown_option');
    problemOf(await post(server, '/recognize', one, { timeout_ms: 1 }), 'deadline_exceeded');
    problemOf(
      await postJson(server, '/detect', { image: { base64: `${one.toString('base64')}!` } }),
      'invalid_argument',
    );
    problemOf(await postForm(server, '/detect', { other: one }), 'invalid_argument');
    const { pid } = await server.model('recognizer');
    const dying = Promise.all([1, 2, 3].map(() => post(server, '/embed', one)));
    process.kill(pid ?? 0, 'SIGKILL');
    for (const answer of await dying) assert.equal(answer.status, 200);
    assert.equal((await server.cli('restart', 'liveness')).code, 0);

    const traced = await fetch(`${server.url}/recognize?fields=${FIELDS}`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', 'x-request-id': 'e2e-request-7' },
      body: Uint8Array.from(one),
    });
    assert.equal(traced.headers.get('x-request-id'), 'e2e-request-7');
    await traced.arrayBuffer();
    const logs = await until('every process has logged the request', 10_000, () => {
      const found = logsOf(server);
      const names = ['imaging.log', 'detector.log', 'recognizer.log', 'liveness.log', 'server'];
      return names.every((name) => callsOf(found.get(name), 'e2e-request-7').length > 0) ? found : undefined;
    });
    const imaging = callsOf(logs.get('imaging.log'), 'e2e-request-7');
    for (const call of ['open', 'crop', 'encode']) assert.ok(imaging.includes(`debug ${call}`), call);
    for (const model of ['detector', 'recognizer', 'liveness']) {
      assert.deepEqual(new Set(callsOf(logs.get(`${model}.log`), 'e2e-request-7')), new Set(['debug infer']), model);
    }
    assert.ok(logs.has('audit.log'), [...logs.keys()].join());

    const secrets = secretsOf([one, two], answers);
    for (const [name, text] of logs) {
      assert.deepEqual(leaksIn(text, secrets), [], name);
    }
    // The search finds what is there: in the answers themselves, and in what was sent.
    const told = JSON.stringify(answers);
    assert.ok(leaksIn(told, secrets).length >= secrets.embeddings.length);
    for (const [form, text] of [
      ['as base64', `x${one.toString('base64')}`],
      ['as base64url', one.toString('base64url')],
      ['as hex', one.toString('hex')],
      ['as bytes', one.toString('latin1')],
      ['as numbers', one.join(',')],
    ] as const) {
      assert.ok(leaksIn(text, secrets).includes(`file 0 ${form}`), form);
    }
    assert.deepEqual(leaksIn(WORDS.join(), { ...secrets, files: [], embeddings: [] }), [
      'the word anna-bell',
      'the word Geheim.jpg',
    ]);
  });
});

it('at level info nobody but the server itself writes a line about a request', { skip }, async () => {
  await withServer({}, async (server) => {
    facesOf(await post(server, '/recognize', picture('photos/person-vlado.jpg')));
    await until('the request is logged', 10_000, () => server.log().find(({ msg }) => msg === 'request'));
    for (const [name, text] of logsOf(server)) {
      if (name !== 'server') assert.doesNotMatch(text, /request_id/, name);
    }
  });
});
