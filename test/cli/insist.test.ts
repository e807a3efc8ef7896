import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import { AwayError, UnreadableError } from '../../src/cli/client.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { GaveUp, insist } from '../../src/cli/insist.ts';

function refused(status: number, code: string, retryAfterS?: number): CliError {
  const problem = { type: '', title: '', status, detail: 'no', code, request_id: '1' };
  return new CliError(EXIT.failure, `${code}: no`, { problem, retryAfterS });
}

/** Fails with each of them, then answers. */
function trying(errors: readonly Error[]) {
  const waits: number[] = [];
  const told: string[] = [];
  const stop = new AbortController();
  let left = [...errors];
  const attempt = async (): Promise<string> => {
    const [error, ...rest] = left;
    left = rest;
    if (error !== undefined) throw error;
    return 'done';
  };
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    waits.push(ms);
    signal.throwIfAborted();
  };
  const result = insist(attempt, { wait, signal: stop.signal, tell: (text) => told.push(text) });
  return { result, waits, told, stop, left: () => left.length };
}

it('waits as long as the server says, and tells it', async () => {
  const { result, waits, told } = trying([refused(429, 'queue_full', 3), refused(503, 'model_loading', 0)]);
  assert.equal(await result, 'done');
  assert.deepEqual(waits, [3000, 500]);
  assert.equal(told[0], 'queue_full: no; trying again in 3 s');
});

it('waits longer each time for a server that is away or says nothing', async () => {
  const away = new AwayError(EXIT.noServer, 'no server answers');
  const cut = new AwayError(EXIT.failure, 'the server closed the connection before it answered');
  const { result, waits } = trying([away, cut, refused(503, 'people_unavailable'), away, away, away, away]);
  assert.equal(await result, 'done');
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

it('gives up after two minutes, with what was said last', async () => {
  const { result, waits } = trying(Array.from({ length: 99 }, () => refused(503, 'model_stopped', 30)));
  await assert.rejects(result, (error: Error) => {
    assert.ok(error instanceof GaveUp);
    assert.deepEqual([error.exitCode, error.problem?.code], [EXIT.failure, 'model_stopped']);
    assert.match(error.message, /^model_stopped: no \(waited for 120 s\)$/);
    return true;
  });
  assert.deepEqual(waits, [30_000, 30_000, 30_000, 30_000]);
});

it('does not begin to wait for longer than it would', async () => {
  const { result, waits } = trying([refused(429, 'rate_limited', 3600)]);
  await assert.rejects(result, GaveUp);
  assert.deepEqual(waits, []);
});

it('what waiting cannot change is thrown at once', async () => {
  for (const error of [
    refused(422, 'no_face'),
    refused(500, 'internal'),
    refused(507, 'storage_full'),
    new UnreadableError('gone'),
    new CliError(EXIT.failure, 'the server’s answer is not understood'),
    new TypeError('a fault'),
  ]) {
    const { result, waits } = trying([error]);
    await assert.rejects(result, error);
    assert.deepEqual(waits, []);
  }
});

it('ends when it is told to', async () => {
  const { result, stop, left } = trying([refused(503, 'model_loading'), refused(503, 'model_loading')]);
  stop.abort();
  await assert.rejects(result);
  assert.equal(left(), 1, 'it was not tried again');
});
