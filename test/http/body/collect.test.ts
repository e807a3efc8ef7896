import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { collectBody } from '../../../src/http/body/collect.ts';
import { UploadMemory } from '../../../src/http/body/upload-memory.ts';
import { CLIENT_GONE } from '../../../src/http/deadline.ts';

/** A request as far as the collector sees it. */
function request(length?: number): PassThrough & IncomingMessage {
  const headers = length === undefined ? {} : { 'content-length': String(length) };
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

const options = (maxBytes: number, signal = new AbortController().signal, memory = new UploadMemory(() => 1_000)) => ({
  maxBytes,
  signal,
  lease: memory.lease(),
  tooLarge: () => new FacepoolError('payload_too_large', 'too large'),
});
const isTooLarge = (error: FacepoolError) => error.code === 'payload_too_large';

describe('the collector', () => {
  for (const length of [6, undefined]) {
    const how = length === undefined ? 'a chunked body' : 'a body with a length';

    it(`joins ${how}`, async () => {
      const req = request(length);
      const body = collectBody(req, options(6));
      req.write('abc');
      req.end('def');
      assert.equal((await body).toString(), 'abcdef');
    });

    it(`leaves no listeners on ${how}`, async () => {
      const req = request(length);
      const before = req.eventNames().length;
      const controller = new AbortController();
      const body = collectBody(req, options(6, controller.signal));
      req.end('abcdef');
      await body;
      assert.equal(req.listenerCount('data'), 0);
      assert.ok(req.eventNames().length <= before);
      controller.abort();
    });
  }

  it('refuses a length over the limit before a byte is read', async () => {
    const req = request(7);
    await assert.rejects(collectBody(req, options(6)), isTooLarge);
    assert.equal(req.listenerCount('data'), 0);
  });

  it('refuses a chunked body at the first byte too many', async () => {
    const req = request();
    const body = collectBody(req, options(6));
    req.write('abcdef');
    req.write('g');
    await assert.rejects(body, isTooLarge);
  });

  it('takes room for a chunked body as it comes, and refuses it when there is none', async () => {
    const memory = new UploadMemory(() => 10);
    memory.lease().grow(7);
    const req = request();
    const body = collectBody(req, options(100, undefined, memory));
    req.write('ab');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(memory.held, 9);
    req.write('cd');
    await assert.rejects(body, (error: FacepoolError) => error.code === 'queue_full' && error.retryAfterS === 1);
    assert.equal(req.listenerCount('data'), 0);
  });

  it('ends with the signal’s reason', async () => {
    const controller = new AbortController();
    const reason = new FacepoolError('deadline_exceeded', 'late');
    const body = collectBody(request(), options(6, controller.signal));
    controller.abort(reason);
    await assert.rejects(body, (error) => error === reason);
    await assert.rejects(collectBody(request(), options(6, controller.signal)), (error) => error === reason);
  });

  it('ends when the client goes in the middle', async () => {
    const req = request(6);
    const body = collectBody(req, options(6));
    req.write('abc');
    req.destroy();
    await assert.rejects(body, (error) => error === CLIENT_GONE);
  });
});
