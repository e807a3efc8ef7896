import { storedEventSchema } from '../../contract/history.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { Client } from '../client.ts';
import { type Command, takeWords } from '../command.ts';
import { eventLine } from '../event-lines.ts';
import { EXIT } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { queryText, readEvents, understood } from '../observatory.ts';
import { clientFor } from '../settings.ts';
import { eventData } from '../sse.ts';

const DEFAULT_LINES = '20';
/** Of `--since`: what the server gives at most. */
const MOST_LINES = '1000';

export const events: Command = {
  name: 'events',
  words: '',
  summary: 'what happened to the server: starts, crashes, evictions, updates, alerts',
  details: ['Without --since the last ones; times are UTC. With --json one document per event.'],
  options: {
    since: { type: 'string', value: '<time>', help: 'from then on: 15m, 2h, 7d ago, or ISO 8601' },
    type: { type: 'string', value: '<types>', help: 'only these, a comma list, e.g. crash,oom,alert' },
    lines: { type: 'string', short: 'n', value: '<count>', help: 'the last so many; default 20, with --since 1000' },
    follow: { type: 'boolean', short: 'f', help: 'goes on with what happens later; end it with Ctrl-C' },
  },
  async run(invocation) {
    const { io } = invocation;
    takeWords('events', invocation.words, 0, 0, 'no word');
    const since = invocation.text('since');
    const limit = invocation.text('lines') ?? (since === undefined ? DEFAULT_LINES : MOST_LINES);
    if (!/^[1-9]\d{0,3}$/.test(limit)) throw usageError(`--lines ${limit}: must be a whole number from 1 to 1000`);
    const client = clientFor(invocation);
    const types = invocation.text('type');
    const from = since === undefined ? undefined : fromText(since);
    const before = await readEvents(client, { from, types, limit });
    const json = invocation.flag('json');
    for (const event of before) show(io, event, json);
    if (invocation.flag('follow')) await follow(client, io, json, types, before.at(-1)?.id);
    return EXIT.ok;
  },
};

/** A length of time is meant back from now. */
export function fromText(text: string): string {
  return /^\d+[smhd]$/.test(text) ? `-${text}` : text;
}

function show(io: Io, event: Parameters<typeof eventLine>[1], json: boolean): void {
  if (json) printJson(io, event);
  else printLine(io.stdout, eventLine(io, event, widthOf(io)));
}

/** Until the stream ends, which only a server that goes away does. */
async function follow(
  client: Client,
  io: Io,
  json: boolean,
  types: string | undefined,
  lastId: string | undefined,
): Promise<void> {
  const path = `/v1/events${queryText({ types, last_event_id: lastId })}`;
  const stream = await client.stream({ path, accept: 'text/event-stream' });
  try {
    for await (const data of eventData(stream)) show(io, understood(storedEventSchema, JSON.parse(data)), json);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.failure, 'the server went away', { cause: error });
  }
  throw new CliError(EXIT.failure, 'the server went away');
}
