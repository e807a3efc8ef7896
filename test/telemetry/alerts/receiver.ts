/** A real receiver of webhooks on 127.0.0.1. */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { WebhookMessage } from '../../../src/telemetry/alerts/webhook-payload.ts';

export type Call = { readonly headers: IncomingMessage['headers']; readonly message: WebhookMessage };

export type Receiver = {
  readonly address: string;
  readonly calls: Call[];
  /** What it answers; null: nothing, ever. */
  status: number | null;
  /** Resolves when so many calls have come in all. */
  received(count: number): Promise<void>;
};

export async function startReceiver(t: TestContext): Promise<Receiver> {
  const calls: Call[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void json(request).then((message) => {
      calls.push({ headers: request.headers, message: message as WebhookMessage });
      if (receiver.status !== null) response.writeHead(receiver.status, { location: '/elsewhere' }).end('thanks');
      for (const look of waiting) look();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    address: `http://127.0.0.1:${port}/hook/secret`,
    calls,
    status: 200,
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (calls.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  return receiver;
}

/** Where nobody listens. */
export async function unusedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/hook`;
}
