import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { CLIENT_GONE, startDeadline, startPatience } from '../../src/http/deadline.ts';

const LIMITS = { timeout_ms: 60_000, max_timeout_ms: 120_000 };

function response(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

function codeOf(signal: AbortSignal): string | null {
  if (!signal.aborted) return null;
  const reason: unknown = signal.reason;
  return reason instanceof FacepoolError ? reason.code : String(reason);
}

it('a deadline passes, and what the client asks for is capped', async () => {
  const res = response();
  const deadline = startDeadline(res, { timeout_ms: 60_000, max_timeout_ms: 1 });
  await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve));
  assert.match(String(deadline.signal.reason), /no answer within 1 ms/);
  deadline.set(60_000);
  assert.equal(codeOf(deadline.signal), 'deadline_exceeded');
});

it('both end when the client goes before its answer is out', () => {
  const [first, second] = [response(), response()];
  const [deadline, patience] = [startDeadline(first, LIMITS), startPatience(second)];
  for (const res of [first, second]) res.emit('close');
  assert.deepEqual([deadline.signal.reason, patience.signal.reason], [CLIENT_GONE, CLIENT_GONE]);
  deadline.dispose();
});

it('neither ends after it was disposed of', () => {
  const closing = new AbortController();
  const [first, second] = [response(), response()];
  const [deadline, patience] = [startDeadline(first, LIMITS), startPatience(second, closing.signal)];
  deadline.dispose();
  patience.dispose();
  for (const res of [first, second]) res.emit('close');
  closing.abort();
  assert.deepEqual([codeOf(deadline.signal), codeOf(patience.signal)], [null, null]);
});

it('patience ends with the server', () => {
  const closing = new AbortController();
  const patience = startPatience(response(), closing.signal);
  assert.equal(codeOf(patience.signal), null);
  closing.abort();
  assert.equal(codeOf(patience.signal), 'shutting_down');
  assert.equal(codeOf(startPatience(response(), closing.signal).signal), 'shutting_down');
});
