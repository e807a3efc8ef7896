/** Every limit of the configuration, met by a real server: its code, and that the server is none the worse for it. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { ERROR_CATALOGUE } from '../../src/contract/errors.ts';
import { detect, facesOf, post, postForm, postJson, problemOf, verifyOf } from './support/client.ts';
import { startServer, type TestServer, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const UPLOAD_BYTES = 400_000;
const MAX_FACES = 5;
const QUEUE = 4;

describe('limits', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      env: {
        FACEPOOL_LIMITS_UPLOAD_BYTES: String(UPLOAD_BYTES),
        FACEPOOL_LIMITS_PIXELS: '2000000',
        FACEPOOL_LIMITS_MAX_FACES: String(MAX_FACES),
        FACEPOOL_LIMITS_QUEUE: String(QUEUE),
        FACEPOOL_LIMITS_MAX_TIMEOUT_MS: '30000',
      },
    });
  });
  after(() => server?.stop());

  const portrait = (): Buffer => picture('photos/person-vlado.jpg');
  const large = (): Buffer => Buffer.concat([portrait(), Buffer.alloc(UPLOAD_BYTES)]);

  it('payload_too_large in every way in', async () => {
    const image = large();
    const base64 = image.toString('base64');
    const small = portrait().toString('base64');
    problemOf(await post(server, '/detect', image), 'payload_too_large');
    problemOf(await postForm(server, '/detect', { file: image }), 'payload_too_large');
    problemOf(await postJson(server, '/detect', { image: { base64 } }), 'payload_too_large');
    problemOf(
      await postForm(server, '/verify', { source_image: portrait(), target_image: image }),
      'payload_too_large',
    );
    const both = { source_image: { base64: small }, target_image: { base64 } };
    problemOf(await postJson(server, '/verify', both), 'payload_too_large');
    problemOf(await postChunked(server.url, image), 'payload_too_large');
    const fits = Buffer.concat([portrait(), Buffer.alloc(UPLOAD_BYTES - portrait().length)]);
    assert.equal((await detect(server, fits)).faces.length, 1, 'the limit itself is allowed');
  });

  it('too_many_pixels by the header alone', async () => {
    const image = await sharp({ create: { width: 2001, height: 1000, channels: 3, background: 'grey' } })
      .png()
      .toBuffer();
    const { detail } = problemOf(await post(server, '/detect', image), 'too_many_pixels');
    assert.match(detail, /2001×1000/);
    const fits = await sharp(image).resize(2000, 1000, { fit: 'fill' }).png().toBuffer();
    assert.deepEqual((await detect(server, fits)).faces, []);
  });

  it('max_faces keeps the largest and says so', async () => {
    const solvay = picture('photos/solvay1927.jpg');
    const found = await detect(server, solvay);
    assert.equal(found.faces.length, MAX_FACES);
    assert.equal(found.truncated, true);
    const { faces } = await detect(server, solvay, { limit: 3 });
    assert.deepEqual(faces, found.faces.slice(0, 3));
    assert.equal((await detect(server, portrait())).truncated, undefined);
  });

  it('deadline_exceeded after the time that the client gave', async () => {
    problemOf(
      await post(server, '/recognize', picture('photos/solvay1927.jpg'), { timeout_ms: 1 }),
      'deadline_exceeded',
    );
    const files = { source_image: portrait(), target_image: portrait() };
    problemOf(await postForm(server, '/verify', files, { timeout_ms: 1 }), 'deadline_exceeded');
    verifyOf(await postForm(server, '/verify', files, { timeout_ms: 20_000 }));
  });

  it('queue_full with Retry-After when too many come at once; the others are answered', async () => {
    const image = portrait();
    const expected = (await detect(server, image)).faces;
    const answers = await Promise.all(Array.from({ length: 60 }, () => post(server, '/detect', image)));
    const refused = answers.filter(({ status }) => status === ERROR_CATALOGUE.queue_full.status);
    const answered = answers.filter(({ status }) => status === 200);
    assert.equal(refused.length + answered.length, answers.length);
    assert.ok(refused.length > 0 && answered.length > QUEUE, `${refused.length} refused`);
    for (const answer of refused) {
      problemOf(answer, 'queue_full');
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    }
    for (const answer of answered) assert.deepEqual(facesOf(answer).faces, expected);
    assert.equal(await server.metric('facepool_requests_total', { code: 'queue_full' }), refused.length);
    assert.equal((await detect(server, image)).faces.length, 1, 'it has room again');
  });

  it('clients that leave take their requests with them', async () => {
    const image = portrait();
    const gone = new AbortController();
    const leaving = Array.from({ length: 6 }, () =>
      fetch(`${server.url}/recognize`, {
        method: 'POST',
        body: new Uint8Array(image),
        headers: { 'content-type': 'image/jpeg' },
        signal: gone.signal,
      }).catch(() => 'left'),
    );
    await until(
      'requests are being answered',
      5000,
      async () => (await server.metric('facepool_requests_in_flight')) > 3,
    );
    gone.abort();
    await Promise.all(leaving);
    // The scrape itself is one request in flight.
    await until('nothing is left behind', 20_000, async () => {
      const queued = await server.metric('facepool_queue_length');
      return queued === 0 && (await server.metric('facepool_requests_in_flight')) === 1;
    });
    assert.equal((await detect(server, image)).faces.length, 1);
  });

  it('one crowd does not fill the queue by itself', async () => {
    await withServer({ env: { FACEPOOL_LIMITS_QUEUE: '1' } }, async (crowded) => {
      const { faces } = facesOf(await post(crowded, '/recognize', picture('photos/solvay1927.jpg'), { fields: 'ood' }));
      assert.equal(faces.length, 29);
    });
  });
});

/** A body whose length is not told beforehand. */
function postChunked(url: string, image: Buffer): Promise<{ status: number; headers: Headers; body: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/detect`, { method: 'POST', headers: { 'content-type': 'image/jpeg' } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value));
        resolve({ status: answer.statusCode ?? 0, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
    call.once('error', reject);
    for (let at = 0; at < image.length; at += 50_000) call.write(image.subarray(at, at + 50_000));
    call.end();
  });
}
