import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import { endAfterRead, LINGER_MS, lingerUntilRead } from '../../src/http/linger.ts';

function fakeRequest(state: { complete: boolean; destroyed: boolean }) {
  const calls: string[] = [];
  const req = Object.assign(new EventEmitter(), {
    ...state,
    resume: () => calls.push('resume'),
    unpipe: () => calls.push('unpipe'),
    destroy: () => calls.push('destroy'),
  });
  return { req: req as unknown as IncomingMessage, calls };
}

describe('lingering', () => {
  it('reads the rest on and closes when it does not come in time', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: false, destroyed: false });
    lingerUntilRead(req);
    assert.deepEqual(calls, ['unpipe', 'resume']);
    t.mock.timers.tick(LINGER_MS - 1);
    assert.equal(calls.includes('destroy'), false);
    t.mock.timers.tick(1);
    assert.equal(calls.at(-1), 'destroy');
  });

  it('keeps the connection when the rest came', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: false, destroyed: false });
    lingerUntilRead(req);
    req.emit('end');
    t.mock.timers.tick(LINGER_MS);
    assert.equal(calls.includes('destroy'), false);
  });

  it('has nothing to wait for when all was read', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { req, calls } = fakeRequest({ complete: true, destroyed: false });
    lingerUntilRead(req);
    t.mock.timers.tick(LINGER_MS);
    assert.deepEqual(calls, ['resume']);
  });
});

describe('an answer before the upload is over', () => {
  // Large enough not to fit into the buffers of the connection.
  const MEGABYTES = 8;

  for (const connection of ['close', 'keep-alive']) {
    it(`reaches a client that writes everything first (Connection: ${connection})`, async () => {
      const server = createServer((_req, res) => {
        const body = Buffer.from('too much');
        res.writeHead(413, { 'Content-Length': body.length });
        endAfterRead(res, body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
      const { port } = server.address() as AddressInfo;
      for (let i = 0; i < 5; i++) {
        const socket = connect(port, '127.0.0.1');
        const length = MEGABYTES * 1024 * 1024;
        socket.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: ${length}\r\n\r\n`);
        // Nothing is read until everything is written.
        for (let n = 0; n < MEGABYTES; n++) {
          await new Promise<void>((resolve, reject) => {
            socket.write(Buffer.alloc(1024 * 1024), (error) => (error ? reject(error) : resolve()));
          });
        }
        const [answer] = (await once(socket, 'data')) as [Buffer];
        assert.match(answer.toString(), /^HTTP\/1\.1 413 [^]*too much$/);
        socket.destroy();
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }
});
