/** The supervisor is killed while its workers compute: nothing of it survives, and a new one starts at once. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { globSync } from 'node:fs';
import { mixedRequests } from './support/mixed.ts';
import { isAlive } from './support/process.ts';
import { descendants, isListening } from './support/proc.ts';
import { startServer } from './support/server.ts';
import { skip } from './support/shared.ts';
import { until } from './support/until.ts';

const GONE_WITHIN_MS = 2000;

/** A socket file may be left; what matters is that nobody listens behind it. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('no orphans', { skip }, () => {
  it('SIGKILL of the supervisor under load leaves no process and no live socket', async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const mixed = await mixedRequests(server);
    const pids = await until('imaging, the monitor and three models live', 10_000, () => {
      const found = descendants(server.pid).map(({ pid }) => pid);
      return found.length === 5 && found;
    });
    const sockets = [server.socket, ...globSync(`${server.dataDir}/run/*.sock`)];
    assert.ok(sockets.length >= 2);
    for (const socket of sockets) assert.equal(await answers(socket), true, socket);

    const sent = Array.from({ length: 24 }, (_, n) => mixed.send(n));
    await Promise.race(sent);
    const killedAt = performance.now();
    server.kill('SIGKILL');
    await server.exited;
    await until('every child is gone', GONE_WITHIN_MS, () => !pids.some(isAlive));
    const goneMs = performance.now() - killedAt;
    for (const socket of sockets) assert.equal(await answers(socket), false, socket);
    assert.equal(isListening(server.url), false);
    assert.ok(goneMs <= GONE_WITHIN_MS, `${goneMs} ms`);
    t.diagnostic(`children gone ${goneMs.toFixed(0)} ms after SIGKILL`);
    for (const { status, wrong } of await Promise.all(sent)) assert.ok(status === 200 ? !wrong : status === 0);

    const successor = await startServer({ dataDir: server.dataDir });
    try {
      await mixedRequests(successor);
    } finally {
      await successor.stop();
    }
  });
});
