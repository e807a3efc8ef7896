import { setTimeout as delay } from 'node:timers/promises';
import { usageError } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { eventLine } from '../event-lines.ts';
import { EXIT } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { type FollowOptions, followEvents } from '../follow-events.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { readEvents } from '../observatory.ts';
import { clientFor } from '../client-for.ts';
import { sinceText } from '../time-flags.ts';

const DEFAULT_LINES = '20';
/** Of `--since`: what the server gives at most. */
const MOST_LINES = '1000';

/** @param wait between two attempts to reach a server that went away */
export function createEvents(wait: FollowOptions['wait']): Command {
  return {
    name: 'events',
    words: '',
    summary: 'what happened to the server: starts, crashes, evictions, updates, alerts',
    details: [
      'Without --since the last ones; times are UTC. With --json one document per event.',
      'With --follow it waits for a server that stops or restarts, two minutes at most, and misses nothing.',
    ],
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
      if (!/^(?:[1-9]\d{0,2}|1000)$/.test(limit)) {
        throw usageError(`--lines ${limit}: must be a whole number from 1 to 1000`);
      }
      const from = since === undefined ? undefined : sinceText(since, Date.now());
      const types = invocation.text('type');
      const client = clientFor(invocation);
      const before = await readEvents(client, { from, types, limit });
      const json = invocation.flag('json');
      for (const event of before) show(io, event, json);
      if (!invocation.flag('follow')) return EXIT.ok;
      return followEvents(client, {
        types,
        lastId: before.at(-1)?.id,
        show: (event) => show(io, event, json),
        tell: (text) => printLine(io.stderr, text),
        wait,
      });
    },
  };
}

export const events: Command = createEvents((ms) => delay(ms));

function show(io: Io, event: Parameters<typeof eventLine>[1], json: boolean): void {
  if (json) printJson(io, event);
  else printLine(io.stdout, eventLine(io, event, widthOf(io)));
}
