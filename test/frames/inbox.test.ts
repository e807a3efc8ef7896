import assert from 'node:assert/strict';
import test from 'node:test';
import { Inbox } from '../../src/frames/inbox.ts';

const bytes = (n: number): Uint8Array => new Uint8Array([n]);
const head = (ticket: number, part: number) => ({ ticket, part, length: 1 });

test('whichever comes first waits for the other, and parts come in any order', async () => {
  const inbox = new Inbox();
  const before = inbox.take(1, 2);
  inbox.receive(head(1, 1), bytes(11));
  inbox.receive(head(1, 0), bytes(10));
  assert.deepEqual(await before, [bytes(10), bytes(11)]);
  inbox.receive(head(2, 0), bytes(20));
  assert.deepEqual(await inbox.take(2, 1), [bytes(20)]);
  assert.equal(inbox.unclaimed, 0);
});

test('what was given up never reaches anybody, however late its bytes come', async () => {
  const inbox = new Inbox();
  const taken = inbox.take(1, 1);
  inbox.forget(1);
  await assert.rejects(taken, /given up/);
  inbox.receive(head(1, 0), bytes(1));
  assert.equal(inbox.unclaimed, 0);
  await assert.rejects(inbox.take(1, 1), /given up/);
});

test('a transfer never gets another ticket’s bytes', async () => {
  const inbox = new Inbox();
  const one = inbox.take(1, 1);
  const two = inbox.take(2, 1);
  inbox.receive(head(2, 0), bytes(2));
  inbox.receive(head(1, 0), bytes(1));
  assert.deepEqual(await Promise.all([one, two]), [[bytes(1)], [bytes(2)]]);
});

test('transfers that nobody asks for are dropped, oldest first', () => {
  const inbox = new Inbox();
  for (let ticket = 1; ticket <= 100; ticket++) inbox.receive(head(ticket, 0), bytes(1));
  assert.equal(inbox.unclaimed, 64);
});

test('parts with a gap are an error, not a wait for ever', async () => {
  const inbox = new Inbox();
  const taken = inbox.take(1, 2);
  inbox.receive(head(1, 0), bytes(1));
  inbox.receive(head(1, 5), bytes(1));
  await assert.rejects(taken, /no part 1/);
});
