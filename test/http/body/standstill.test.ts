import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { STANDSTILL_MS, watchStandstill } from '../../../src/http/body/standstill.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { adminClient } from '../support/admin-client.ts';
import { rawBody, rawRequest, until } from '../support/server.ts';

function scene() {
  const clock = new ManualClock();
  const req = { complete: false, socket: { bytesRead: 10 } };
  const { signal, end } = watchStandstill(req as unknown as IncomingMessage, clock, 1000);
  return { clock, req, signal, end };
}

describe('watchStandstill', () => {
  it('gives up a body of which nothing comes', () => {
    const { clock, req, signal } = scene();
    for (let i = 0; i < 5; i++) {
      req.socket.bytesRead += 1;
      clock.advance(1000);
    }
    assert.equal(signal.aborted, false);
    clock.advance(1000);
    assert.ok(signal.reason instanceof FacepoolError);
    assert.equal(signal.reason.code, 'deadline_exceeded');
  });

  it('leaves one alone that is complete, however long its answer takes', () => {
    const { clock, req, signal } = scene();
    req.complete = true;
    clock.advance(100_000);
    assert.equal(signal.aborted, false);
  });

  it('ends when nobody looks any more', () => {
    const { clock, signal, end } = scene();
    end();
    clock.advance(100_000);
    assert.equal(signal.aborted, false);
  });
});

it('an upload of a version that stands still is given up, and told', async (t) => {
  const clock = new ManualClock();
  const { server, changes, token } = await adminClient(t, {}, { clock });
  const begin = [
    'POST /v1/models/detector/versions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n',
    `Authorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n`,
    '--b\r\nContent-Disposition: form-data; name="version"\r\n\r\nyunet-2\r\n',
    '--b\r\nContent-Disposition: form-data; name="manifest"\r\n\r\nschema: 1\r\n',
    '--b\r\nContent-Disposition: form-data; name="files"; filename="a.onnx"\r\n\r\nfirst',
  ].join('');
  const text = await rawRequest(server.port, (send) => {
    send(begin);
    void until(() => changes.calls.length === 1).then(() => {
      clock.advance(STANDSTILL_MS);
      clock.advance(STANDSTILL_MS);
    });
  });
  assert.match(text, /^HTTP\/1\.1 504 /);
  assert.equal((rawBody(text) as { code: string }).code, 'deadline_exceeded');
  assert.deepEqual(
    changes.audited.map(({ result }) => result),
    ['deadline_exceeded'],
  );
});
