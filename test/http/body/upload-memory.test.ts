import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { UploadMemory } from '../../../src/http/body/upload-memory.ts';
import type { FacesRequest } from '../../../src/contract/services.ts';
import { facesAnswer, rawBody, rawRequest, startServer } from '../support/server.ts';

const isFull = (error: unknown): boolean => error instanceof FacepoolError && error.code === 'queue_full';

describe('the memory of uploads', () => {
  it('is shared, bounded, and given back once', () => {
    const memory = new UploadMemory(() => 100);
    const [a, b] = [memory.lease(), memory.lease()];
    a.grow(60);
    b.grow(40);
    assert.throws(() => b.grow(1), isFull);
    assert.equal(memory.held, 100, 'what was refused was not taken');
    a.release();
    a.release();
    assert.equal(memory.held, 40);
    b.grow(60);
    b.release();
    assert.equal(memory.held, 0);
  });

  it('lets one in that is alone, whatever its size', () => {
    const memory = new UploadMemory(() => 10);
    const large = memory.lease();
    large.grow(50);
    large.grow(50);
    assert.throws(() => memory.lease().grow(1), isFull);
    large.release();
    assert.equal(memory.held, 0);
  });

  it('takes nothing for what comes after the release', () => {
    const memory = new UploadMemory(() => 10);
    const lease = memory.lease();
    lease.release();
    lease.grow(5);
    assert.equal(memory.held, 0);
  });
});

const LIMIT = 500;
const PICTURE = 'x'.repeat(300);
const FORM = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${PICTURE}\r\n--b--\r\n`;
const JSON_BODY = JSON.stringify({ image: { base64: Buffer.from(PICTURE).toString('base64') } });
const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** A server whose pipeline holds every picture until it is let go. */
async function holdingServer() {
  const held: PromiseWithResolvers<void>[] = [];
  const arrivals: (() => void)[] = [];
  const server = await startServer({
    limits: { upload_memory_bytes: LIMIT },
    faces: async (request: FacesRequest) => {
      const gate = Promise.withResolvers<void>();
      held.push(gate);
      for (const tell of arrivals.splice(0)) tell();
      await gate.promise;
      return facesAnswer(request.requestId);
    },
  });
  const arrived = (): Promise<void> => new Promise((resolve) => arrivals.push(resolve));
  return { server, held, arrived };
}

const head = (type: string, rest: string): string =>
  `POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${rest}\r\n\r\n`;

describe('uploads while others are worked on', () => {
  const ways: readonly (readonly [way: string, type: string, body: string])[] = [
    ['raw', 'image/jpeg', PICTURE],
    ['a form', 'multipart/form-data; boundary=b', FORM],
    ['JSON', 'application/json', JSON_BODY],
  ];
  for (const [way, type, body] of ways) {
    for (const length of [`Content-Length: ${Buffer.byteLength(body)}`, 'Transfer-Encoding: chunked']) {
      it(`${way}, ${length.split(':')[0]}: 429 with Retry-After when they do not fit, and served when they do`, async () => {
        const { server, held, arrived } = await holdingServer();
        const sent = length.startsWith('Content') ? body : chunked(body);
        const post = (): Promise<string> =>
          rawRequest(server.port, (send) => {
            send(head(type, length));
            send(sent);
          });
        const first = arrived();
        const one = post();
        await first;
        const refused = await post();
        assert.match(refused, /^HTTP\/1\.1 429 /);
        assert.match(refused, /\r\nretry-after: 1\r\n/i);
        assert.equal((rawBody(refused) as { code: string }).code, 'queue_full');
        held[0]?.resolve();
        assert.match(await one, /^HTTP\/1\.1 200 /);
        const second = arrived();
        const again = post();
        await second;
        held[1]?.resolve();
        assert.match(await again, /^HTTP\/1\.1 200 /, 'the room was given back with the answer');
        await server.close();
      });
    }
  }

  it('a refused one is read to its end, and its connection serves on; one that asks first is not invited', async () => {
    const { server, held, arrived } = await holdingServer();
    const first = arrived();
    const one = rawRequest(server.port, (send) => {
      send(head('image/jpeg', `Content-Length: ${PICTURE.length}`));
      send(PICTURE);
    });
    await first;
    const text = await rawRequest(
      server.port,
      (send) => {
        send(head('image/jpeg', `Content-Length: ${PICTURE.length}`));
        send(PICTURE);
        send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      },
      // Both may come in one piece.
      (soFar) => [...soFar.matchAll(/HTTP\/1\.1 \d/g)].length < 2,
    );
    assert.match(text, /^HTTP\/1\.1 429 [\s\S]*HTTP\/1\.1 200 OK/);
    const asked = await rawRequest(server.port, (send) => {
      send(head('image/jpeg', `Expect: 100-continue\r\nContent-Length: ${PICTURE.length}`));
    });
    assert.match(asked, /^HTTP\/1\.1 429 /);
    held[0]?.resolve();
    await one;
    await server.close();
  });

  it('one whose client went in the middle gives its room back', async () => {
    const { server, held, arrived } = await holdingServer();
    const gone = new AbortController();
    const upload = fetch(`${server.url}/detect`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/jpeg' },
      body: new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from(PICTURE)) }),
      duplex: 'half',
      signal: gone.signal,
    } as RequestInit).catch(() => 'gone');
    const answer = (): Promise<string> =>
      rawRequest(server.port, (send) => {
        send(head('image/jpeg', `Content-Length: ${PICTURE.length}`));
        send(PICTURE);
      });
    // It holds its room from the moment its chunk is in.
    while (!(await answerIs429(answer, held, arrived))) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    assert.equal(await upload, 'gone');
    while (await answerIs429(answer, held, arrived)) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
  });
});

/** Posts once; lets the picture go where it was let in. */
async function answerIs429(
  post: () => Promise<string>,
  held: PromiseWithResolvers<void>[],
  arrived: () => Promise<void>,
): Promise<boolean> {
  const before = held.length;
  const came = arrived();
  const answer = post();
  await Promise.race([came, answer]);
  for (const gate of held.slice(before)) gate.resolve();
  return (await answer).startsWith('HTTP/1.1 429');
}
