import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { CliError } from '../../../src/cli/cli-error.ts';
import type { Client, ClientRequest } from '../../../src/cli/client.ts';
import type { Picture } from '../../../src/cli/import/folder.ts';
import type { Outcome } from '../../../src/cli/import/outcome.ts';
import { type SendOptions, sendPictures } from '../../../src/cli/import/send.ts';
import type { StoredFace } from '../../../src/contract/people.ts';
import { storedFace } from '../../http/support/people.ts';
import { enrolAnswer } from '../../http/support/server.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

function refused(status: number, code: string): CliError {
  const problem = { type: '', title: '', status, detail: `it is ${code}`, code, request_id: '1' };
  return new CliError(status < 500 ? 4 : 1, `${code}: no`, { problem });
}

/** Files of these names and texts. */
function files(t: TestContext, texts: Readonly<Record<string, string>>): Picture[] {
  const dir = tempDir(t);
  return Object.entries(texts).map(([name, text]) => {
    writeFileSync(path.join(dir, name), text);
    return { person: name.split('-')[0] ?? '', file: name, path: path.join(dir, name) };
  });
}

type Send = (request: ClientRequest, text: string) => Promise<unknown>;

async function send(
  pictures: readonly Picture[],
  enrol: Send,
  over: Partial<SendOptions> & { readonly known?: readonly StoredFace[] } = {},
) {
  const sent: string[] = [];
  const outcomes: Outcome[] = [];
  const client: Client = {
    socketPath: '/nowhere',
    json: async (request) => {
      if (request.method !== 'POST') return { faces: over.known ?? [], next_cursor: null };
      const text =
        request.body !== undefined && 'bytes' in request.body ? Buffer.from(request.body.bytes).toString() : '';
      sent.push(text);
      return enrol(request, text);
    },
    stream: () => Promise.reject(new Error('no stream is asked for')),
    tagged: () => Promise.reject(new Error('no tag is asked for')),
  };
  const error = await sendPictures(pictures, {
    client,
    collection: 'default',
    query: (person) => `?subject=${person}`,
    jobs: 1,
    dryRun: false,
    onOutcome: (outcome) => outcomes.push(outcome),
    wait: async () => undefined,
    signal: new AbortController().signal,
    tell: () => undefined,
    ...over,
  }).catch((thrown: unknown) => thrown);
  return { sent, outcomes, error, results: outcomes.map(({ file, result }) => `${file} ${result}`) };
}

const REQUEST = {
  image: Buffer.alloc(0),
  collection: 'default',
  subject: 'x',
  canName: true,
  requestId: '1',
  options: {},
};
const ANSWER = enrolAnswer({ ...REQUEST, signal: new AbortController().signal });
const answer = (over = {}) => ({ ...ANSWER, ...over });

it('sends what the server does not have of that person', async (t) => {
  const digest = createHash('sha256').update('one').digest('hex');
  const known = [storedFace({ subject: 'anna', digest }), storedFace({ subject: 'bert', digest: null })];
  const pictures = files(t, { 'anna-1': 'one', 'bert-1': 'one', 'anna-2': 'two' });
  const { sent, results, error } = await send(pictures, async () => answer(), { known });
  assert.equal(error, undefined);
  assert.deepEqual(results, ['anna-1 present', 'bert-1 enrolled', 'anna-2 enrolled']);
  assert.deepEqual(sent, ['one', 'two']);
});

it('what the server knew better is present; what it warns of is told', async (t) => {
  const pictures = files(t, { 'anna-1': 'one', 'anna-2': 'two' });
  const warnings = [{ code: 'spoof_detected', detail: 'not live' }];
  const { outcomes } = await send(pictures, async (_, text) =>
    text === 'one' ? answer({ created: false }) : answer({ warnings }),
  );
  assert.deepEqual(
    outcomes.map(({ result, code, detail }) => [result, code, detail]),
    [
      ['present', '', ''],
      ['enrolled', 'spoof_detected', 'not live'],
    ],
  );
});

it('refusals and failures are results; unreadable files too', async (t) => {
  const pictures = files(t, { 'a-1': 'no_face', 'a-2': 'model_failed', 'a-3': 'deadline_exceeded', 'a-4': 'fine' });
  const gone = { person: 'a', file: 'a-5', path: path.join(tempDir(t), 'a-5') };
  const status: Record<string, number> = { no_face: 422, model_failed: 502, deadline_exceeded: 504 };
  const { results, outcomes } = await send([...pictures, gone], async (_, text) => {
    if (status[text] !== undefined) throw refused(status[text], text);
    return answer();
  });
  assert.deepEqual(results, ['a-1 refused', 'a-2 failed', 'a-3 failed', 'a-4 enrolled', 'a-5 refused']);
  assert.deepEqual([outcomes[0]?.detail, outcomes[4]?.code], ['it is no_face', 'unreadable']);
});

it('ends at what every other picture would be told, and at what it does not understand', async (t) => {
  const pictures = files(t, { 'a-1': '1', 'a-2': '2', 'a-3': '3', 'a-4': '4' });
  for (const ends of [
    refused(507, 'storage_full'),
    refused(404, 'not_found'),
    refused(409, 'space_mismatch'),
    new CliError(1, 'the server’s answer is not understood'),
    new TypeError('a fault'),
  ]) {
    const { error, sent, results } = await send(pictures, async (_, text) => {
      if (text === '2') throw ends;
      return answer();
    });
    assert.match((error as Error).message, new RegExp(ends.message));
    assert.deepEqual([...new Set(sent)], ['1', '2']);
    assert.deepEqual(results, ['a-1 enrolled']);
  }
});

it('several at once, each of them once', async (t) => {
  const pictures = files(t, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i % 7}-${i}`, `text ${i}`])));
  let [running, most] = [0, 0];
  const three = Promise.withResolvers<void>();
  const { sent, results } = await send(
    pictures,
    async () => {
      running += 1;
      most = Math.max(most, running);
      if (running === 3) three.resolve();
      await three.promise;
      await new Promise(setImmediate);
      running -= 1;
      return answer();
    },
    { jobs: 3 },
  );
  assert.equal(most, 3);
  assert.deepEqual([sent.length, new Set(sent).size, results.length], [40, 40, 40]);
});

it('when it is told to stop, it takes no other picture and waits for those that it sent', async (t) => {
  const stop = new AbortController();
  const pictures = files(t, { 'a-1': '1', 'a-2': '2', 'a-3': '3' });
  const { sent, results, error } = await send(
    pictures,
    async () => {
      stop.abort();
      return answer();
    },
    { signal: stop.signal },
  );
  assert.equal(error, undefined);
  assert.deepEqual([sent, results], [['1'], ['a-1 enrolled']]);
});
