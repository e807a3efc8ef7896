import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import {
  createWebhook,
  GIVE_UP_MS,
  MAX_ALERTS,
  type WebhookDeps,
  type WebhookResult,
} from '../../../src/telemetry/alerts/webhook.ts';
import { type WebhookAlert, webhookAlert } from '../../../src/telemetry/alerts/webhook-payload.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { startReceiver, unusedAddress } from './receiver.ts';

const URL_ = 'http://faces.example:8080';

function alert(subject: string, endsAt: number | null = null): WebhookAlert {
  const fields = { rule: 'busy', metric: 'gpu_util', severity: 'warning', value: 97, text: 'high load', startsAt: 0 };
  return webhookAlert({ ...fields, subject, endsAt }, URL_);
}

function open(t: TestContext, address: string, over: Partial<WebhookDeps> = {}) {
  const clock = new ManualClock();
  const results: WebhookResult[] = [];
  const waiting: (() => void)[] = [];
  const onResult = (result: WebhookResult): void => {
    results.push(result);
    for (const look of waiting.splice(0)) look();
  };
  const { fetch } = globalThis;
  const deps = { clock, random: () => 1, fetch, timeoutMs: 5000, externalUrl: () => URL_, onResult, ...over };
  const webhook = createWebhook(address, deps);
  t.after(() => webhook.close());
  /** Resolves when so many results were told in all. */
  const told = async (count: number): Promise<void> => {
    while (results.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { clock, results, told, webhook };
}

const kinds = (results: readonly WebhookResult[]): string[] => results.map(({ result }) => result);

it('sends an alert once, and tells only the host', async (t) => {
  const receiver = await startReceiver(t);
  const { webhook, results, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  await told(1);
  const [call] = receiver.calls;
  assert.equal(call?.headers['content-type'], 'application/json');
  assert.deepEqual([call?.message.version, call?.message.alerts[0]?.labels['device']], ['4', 'a']);
  const { host } = new URL(receiver.address);
  assert.deepEqual(results, [{ receiver: host, result: 'sent', rule: 'busy', detail: 'answered 200' }]);
  clock.advance(10 * GIVE_UP_MS);
  assert.deepEqual([receiver.calls.length, clock.pending], [1, 0]);
});

it('a receiver that fails is tried again, after longer and longer waits', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = 503;
  const { webhook, results, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  let calls = 0;
  for (const wait of [1000, 2000, 4000, 8000]) {
    calls += 1;
    await told(calls);
    clock.advance(wait - 1);
    assert.equal(receiver.calls.length, calls);
    clock.advance(1);
  }
  receiver.status = 200;
  await told(5);
  assert.deepEqual(kinds(results), ['failed', 'failed', 'failed', 'failed', 'sent']);
});

it('the waits have jitter, down to half', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = 500;
  const { webhook, told, clock } = open(t, receiver.address, { random: () => 0 });
  webhook.send('busy', [alert('a')]);
  await told(1);
  clock.advance(499);
  assert.equal(receiver.calls.length, 1);
  clock.advance(1);
  await told(2);
});

it('one that never answers costs one call at a time, and the newest word gets through', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = null;
  const { webhook, results, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  await receiver.received(1);
  webhook.send('busy', [alert('a', 5000), alert('b')]);
  assert.equal(receiver.calls.length, 1);
  clock.advance(5000);
  await told(1);
  assert.deepEqual([results[0]?.result, results[0]?.detail], ['failed', 'no answer in 5000 ms']);
  receiver.status = 200;
  clock.advance(1000);
  await told(2);
  assert.deepEqual(
    receiver.calls[1]?.message.alerts.map(({ status, labels }) => [labels['device'], status]),
    [
      ['a', 'resolved'],
      ['b', 'firing'],
    ],
  );
  assert.equal(clock.pending, 0);
});

it('what comes while a call runs is sent after it', async (t) => {
  const receiver = await startReceiver(t);
  const { webhook, told } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  webhook.send('busy', [alert('a', 1000)]);
  await told(2);
  assert.deepEqual(
    receiver.calls.map(({ message }) => message.status),
    ['firing', 'resolved'],
  );
});

it('a receiver that is away is given up after an hour; then the next alert is a new beginning', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = 500;
  const { webhook, results, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  const began = clock.now();
  for (let calls = 1; !kinds(results).includes('given_up'); calls += 1) {
    await told(calls);
    if (!kinds(results).includes('given_up')) clock.advance(5 * 60_000);
  }
  assert.ok(clock.now() - began >= GIVE_UP_MS);
  assert.equal(clock.pending, 0);
  receiver.status = 200;
  const before = results.length;
  webhook.send('busy', [alert('b')]);
  await told(before + 1);
  assert.equal(results.at(-1)?.result, 'sent');
});

it('a message that is refused is not sent again; too many requests is no refusal', async (t) => {
  const receiver = await startReceiver(t);
  const { webhook, results, told, clock } = open(t, receiver.address);
  for (const status of [404, 302, 429]) {
    receiver.status = status;
    const before = results.length;
    webhook.send('busy', [alert('a')]);
    await told(before + 1);
  }
  assert.deepEqual(kinds(results), ['refused', 'refused', 'failed']);
  assert.equal(clock.pending, 1);
  assert.equal(receiver.calls.length, 3);
});

it('a rule that the receiver cannot take does not hold up another', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = 500;
  const { webhook, results, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('a')]);
  webhook.send('hot', [alert('a')]);
  await told(1);
  clock.advance(1000);
  await told(2);
  assert.deepEqual(
    results.map(({ rule }) => rule),
    ['busy', 'hot'],
  );
});

it('nothing grows without end', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = 500;
  const { webhook, told, clock } = open(t, receiver.address);
  webhook.send('busy', [alert('first')]);
  await told(1);
  for (let i = 0; i < MAX_ALERTS + 20; i += 1) webhook.send('busy', [alert(`device ${i}`)]);
  receiver.status = 200;
  clock.advance(1000);
  await told(2);
  const message = receiver.calls[1]?.message;
  assert.deepEqual([message?.alerts.length, message?.truncatedAlerts], [MAX_ALERTS, 21]);
  assert.equal(message?.alerts.at(-1)?.labels['device'], `device ${MAX_ALERTS + 19}`);
});

it('user and password of the address become a header', async (t) => {
  const receiver = await startReceiver(t);
  const { webhook, results, told } = open(t, receiver.address.replace('http://', 'http://me%40home:100%@'));
  webhook.send('busy', [alert('a')]);
  await told(1);
  assert.deepEqual(kinds(results), ['sent']);
  const header = String(receiver.calls[0]?.headers.authorization).replace('Basic ', '');
  assert.equal(Buffer.from(header, 'base64').toString(), 'me@home:100%');
  assert.equal(JSON.stringify(results).includes('100%'), false);
});

it('a receiver that is not there says why, and closing ends everything', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = null;
  for (const [address, why] of [
    [await unusedAddress(), 'ECONNREFUSED'],
    ['http://127.0.0.1:1/hook', 'bad port'],
  ] as const) {
    const { webhook, results, told, clock } = open(t, address);
    webhook.send('busy', [alert('a')]);
    await told(1);
    assert.deepEqual([results[0]?.result, results[0]?.detail], ['failed', why]);
    webhook.close();
    assert.equal(clock.pending, 0);
  }

  const slow = open(t, receiver.address);
  slow.webhook.send('busy', [alert('a')]);
  await receiver.received(1);
  slow.webhook.close();
  slow.webhook.send('busy', [alert('a')]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([slow.clock.pending, slow.results, receiver.calls.length], [0, [], 1]);
});

it('says which alerts need not be sent again: delivered, not wanted, given up', async (t) => {
  const receiver = await startReceiver(t);
  const settled: string[] = [];
  const onSettled = (alerts: readonly WebhookAlert[]): void => {
    settled.push(alerts.map(({ labels, status }) => `${labels['device']} ${status}`).join());
  };
  const { webhook, told, clock, results } = open(t, receiver.address, { onSettled });
  webhook.send('busy', [alert('a'), alert('b', 5000)]);
  await told(1);
  assert.deepEqual(settled, ['a firing,b resolved']);
  receiver.status = 400;
  webhook.send('busy', [alert('c')]);
  await told(2);
  receiver.status = 500;
  webhook.send('busy', [alert('d')]);
  await told(3);
  assert.deepEqual(settled.slice(1), ['c firing']);
  while (!kinds(results).includes('given_up')) {
    const next = told(results.length + 1);
    clock.advance(GIVE_UP_MS);
    await next;
  }
  assert.deepEqual(settled.slice(1), ['c firing', 'd firing']);
});
