/** people reembed: everybody's embeddings for a recognizer of another space, made from the crops that are kept. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Reembed, reembedSchema } from '../../contract/reembed.ts';
import { progressBar } from '../../util/progress-bar.ts';
import { usageError } from '../cli-error.ts';
import type { Client, ClientRequest } from '../client.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type FitColumn, fitTable, widthOf } from '../fit.ts';
import { printable, printAll, printJson, printLine } from '../io.ts';
import { understood } from '../observatory.ts';
import { isNotFound } from '../people.ts';
import { countText, peopleText } from '../people-view.ts';
import { jsonBody } from '../rollout.ts';
import { clientFor } from '../client-for.ts';

const PATH = '/v1/people/reembed';
const POLL_MS = 1000;
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[2K';

/** @param wait between two looks at how far it is */
export function createPeopleReembed(wait: (ms: number) => Promise<unknown>): Command {
  return {
    name: 'people reembed',
    words: '<version>|status|cancel',
    summary: 'makes everybody’s embeddings for a recognizer version of another space, while the old one serves',
    details: [
      'It works on the crops that are kept (people.store_images); who has none must be enrolled again, and is named.',
      'The version is a shadow meanwhile. When it is ready: facepool promote <model>, or canary <model> <version> first.',
      'facepool rollback <model> before that deletes the new embeddings: they would have to be made again.',
      'Exit code 1 where it failed, was cancelled, or somebody is missing.',
    ],
    options: {
      model: { type: 'string', value: '<name>', help: 'default: recognizer' },
      wait: { type: 'boolean', help: 'shows how far it is, and ends with it' },
    },
    async run(invocation) {
      const { io, words } = invocation;
      takeWords('people reembed', words, 1, 1, 'a version, status or cancel');
      const [word = ''] = words;
      const model = invocation.text('model');
      if (model !== undefined && (word === 'status' || word === 'cancel'))
        throw usageError(`--model is not for ${word}`);
      const client = clientFor(invocation);
      const request = requestOf(word, model);
      let now = await ask(client, request);
      if (now?.state === 'running' && invocation.flag('wait')) now = await watch(invocation, client, now, wait);
      if (invocation.flag('json')) printJson(io, now);
      else if (now === null) printLine(io.stdout, 'nothing is being embedded anew');
      else printAll(io, lines(invocation, now));
      return now === null ? EXIT.ok : codeOf(now, word);
    },
  };
}

export const peopleReembed: Command = createPeopleReembed((ms) => delay(ms));

function requestOf(word: string, model: string | undefined): ClientRequest {
  if (word === 'status') return { path: PATH };
  if (word === 'cancel') return { path: PATH, method: 'DELETE' };
  return { path: PATH, method: 'POST', body: jsonBody({ model, version: word }) };
}

/** Null where there is none, and there was none. */
async function ask(client: Client, request: ClientRequest): Promise<Reembed | null> {
  try {
    return understood(reembedSchema.nullable(), await client.json(request));
  } catch (error) {
    if (request.method !== 'POST' && isNotFound(error)) return null;
    throw error;
  }
}

async function watch(
  invocation: Invocation,
  client: Client,
  begun: Reembed,
  wait: (ms: number) => Promise<unknown>,
): Promise<Reembed> {
  const { stderr } = invocation.io;
  const isShown = stderr.isTTY === true && !invocation.flag('json');
  let now = begun;
  while (now.state === 'running') {
    if (isShown) stderr.write(CLEAR_LINE + barText(now));
    await wait(POLL_MS);
    now = (await ask(client, { path: PATH })) ?? now;
  }
  if (isShown) stderr.write(CLEAR_LINE);
  return now;
}

function barText({ done, total }: Reembed): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  return `${progressBar(share, BAR_WIDTH)} ${String(Math.floor(share * 100)).padStart(3)} %  ${done} of ${countText(total, 'face')}`;
}

const MISSING_COLUMNS: readonly FitColumn[] = [
  { title: 'COLLECTION', spare: 1 },
  { title: 'PERSON', spare: 0 },
  { title: 'FACES', align: 'right', spare: 2 },
];

function lines({ io }: Invocation, now: Reembed): string[] {
  const { missing } = now;
  const head = [sentence(now), now.detail, ...wayBackOf(now)].filter((line) => line !== '').map(printable);
  if (missing.length === 0) return head;
  const must =
    missing.length === 1 ? 'has no crop and must be enrolled again' : 'have no crops and must be enrolled again';
  const rows = missing.map(({ collection, subject, faces }) => [collection, subject, faces]);
  return [...head, '', `${peopleText(missing.length)} ${must}:`, ...fitTable(io, MISSING_COLUMNS, rows, widthOf(io))];
}

/** The version is a shadow, unless there was nobody to embed. */
function nextOf({ model, version, total }: Reembed): string {
  return total === 0 ? `swap ${model} ${version}` : `promote ${model}`;
}

/** What a shadow that is taken back costs, while there is one. */
function wayBackOf({ model, state, total }: Reembed): string[] {
  if (state !== 'ready' || total === 0) return [];
  return [`before that, facepool rollback ${model} takes the shadow back, and deletes these embeddings with it`];
}

function sentence(now: Reembed): string {
  const { model, version, from, to, state, done, total } = now;
  const what = `${model}/${version} (${from} → ${to})`;
  const faces = `${done} of ${countText(total, 'face')}`;
  switch (state) {
    case 'running':
      return `${what}: ${faces} are embedded`;
    case 'ready':
      return `${what}: ready, ${faces} are embedded; next: facepool ${nextOf(now)}`;
    case 'failed':
      return `${what}: failed after ${faces}`;
    case 'cancelled':
      return `${what}: cancelled after ${faces}`;
    default:
      return state satisfies never;
  }
}

function codeOf({ state, missing }: Reembed, word: string): ExitCode {
  if (word === 'cancel' || state === 'running') return EXIT.ok;
  return state === 'ready' && missing.length === 0 ? EXIT.ok : EXIT.failure;
}
