import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { type EventSource, followEvents } from '../../src/cli/follow-events.ts';
import type { Problem } from '../../src/contract/results.ts';
import { storedEvent } from '../http/support/observatory.ts';

const NO_SERVER = new CliError(EXIT.noServer, 'no server answers');

function refusal(code: string, status: number): CliError {
  const problem: Problem = { type: 'urn:x', title: 'x', status, detail: 'x', code, request_id: '1' };
  return new CliError(EXIT.refused, code, { problem });
}

const text = (n: number): string => `id: ${storedEvent(n).id}\ndata: ${JSON.stringify(storedEvent(n))}\n\n`;

/** Each attempt gets the next answer, the last one again and again. */
async function follow(answers: readonly (string | Error)[], lastId?: string) {
  const asked: string[] = [];
  const shown: unknown[] = [];
  const told: string[] = [];
  const waits: number[] = [];
  const client: EventSource = {
    stream: async ({ path }) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(path);
      if (answer instanceof Error) throw answer;
      return Readable.from([answer ?? '']);
    },
  };
  const error: unknown = await followEvents(client, {
    types: 'crash',
    lastId,
    show: (event) => void shown.push(event),
    tell: (line) => void told.push(line),
    wait: async (ms) => void waits.push(ms),
  }).catch((caught: unknown) => caught);
  return { asked, shown, told, waits, error };
}

it('asks for what came after the last one it saw, and waits longer each time', async () => {
  const { asked, shown, told, waits, error } = await follow([text(1), NO_SERVER, NO_SERVER, text(2), NO_SERVER]);
  assert.deepEqual(shown, [storedEvent(1), storedEvent(2)]);
  assert.deepEqual(asked.slice(0, 5), [
    '/v1/events?types=crash',
    ...Array<string>(3).fill(`/v1/events?types=crash&last_event_id=${storedEvent(1).id}`),
    `/v1/events?types=crash&last_event_id=${storedEvent(2).id}`,
  ]);
  assert.deepEqual(told, [
    'the server went away; waiting for it to come back',
    'the server is back',
    'the server went away; waiting for it to come back',
  ]);
  assert.deepEqual(waits.slice(0, 12), [250, 500, 1000, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  const away = waits.slice(3).reduce((sum, ms) => sum + ms, 0);
  assert.ok(away >= 120_000 && away < 130_000, String(away));
  assert.equal(error, NO_SERVER);
});

it('a position without an event is enough to go on from', async () => {
  const { asked, shown } = await follow(['retry: 2000\nid: 01A5\n\n', NO_SERVER]);
  assert.deepEqual(shown, []);
  assert.equal(asked[1], '/v1/events?types=crash&last_event_id=01A5');
});

it('a server that is full or stops is waited for; any other refusal ends it', async () => {
  const full = refusal('queue_full', 429);
  const bad = refusal('invalid_argument', 400);
  const { shown, error } = await follow([text(1), full, refusal('shutting_down', 503), text(2), bad]);
  assert.equal(shown.length, 2);
  assert.equal(error, bad);
});

it('does not wait for a server that was never there', async () => {
  const { waits, error } = await follow([NO_SERVER]);
  assert.deepEqual([waits, error], [[], NO_SERVER]);
});

it('a server that closes every connection at once has not come back', async () => {
  const { waits, error } = await follow([text(1), '']);
  assert.ok(waits.length > 10);
  assert.match(String(error), /closes every connection/);
});

it('what is not understood ends it', async () => {
  const { error } = await follow(['data: {"a":1}\n\n']);
  assert.match(String(error), /not understood/);
});
