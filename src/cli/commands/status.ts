import { type ModelStatus, modelsAnswerSchema } from '../../contract/results.ts';
import type { Client } from '../client.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatMs, formatSeconds } from '../../util/format.ts';
import { printable, printJson, printLine } from '../io.ts';
import { readPeopleStatus } from '../people.ts';
import { clientFor } from '../client-for.ts';
import { type Cell, type Column, printTable } from '../table.ts';
import { styleOf } from '../top-view.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATUS' },
  { title: 'STATE' },
  { title: 'VERSION' },
  { title: 'DEVICE' },
  { title: 'RESIDENCY' },
  { title: 'PID', align: 'right' },
  { title: 'UPTIME', align: 'right' },
  { title: 'MEMORY', align: 'right' },
  { title: 'RESERVED', align: 'right' },
  { title: 'LOADED IN', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'QUEUE', align: 'right' },
  { title: 'REASON' },
];

const NONE = '-';

export const status: Command = {
  name: 'status',
  words: '',
  summary: 'each process with its state, memory, restarts and queue',
  options: {},
  async run(invocation) {
    takeWords('status', invocation.words, 0, 0, 'no word');
    const client = clientFor(invocation);
    const answer = modelsAnswerSchema.parse(await client.json({ path: '/v1/models' }));
    if (invocation.flag('json')) printJson(invocation.io, answer);
    else printTable(invocation.io, COLUMNS, answer.models.map(row));
    const notice = await peopleNotice(client);
    if (notice !== null) printLine(invocation.io.stderr, printable(`!! ${notice}`));
    return EXIT.ok;
  },
};

/** What is wrong with people although every process is well; null where nothing is, or where they cannot be asked for. */
async function peopleNotice(client: Client): Promise<string | null> {
  const people = await readPeopleStatus(client).catch(() => null);
  if (people === null) return null;
  const { state, detail, mismatch } = people;
  if (state === 'failed') return `people cannot be asked for: ${detail}`;
  return mismatch?.detail ?? null;
}

function row(model: ModelStatus): Cell[] {
  return [
    model.name,
    { text: model.supervisord_state, style: styleOf(model.supervisord_state) },
    model.state,
    model.version ?? NONE,
    model.device ?? NONE,
    residencyOf(model),
    model.pid ?? NONE,
    model.uptime_s === null ? NONE : formatSeconds(model.uptime_s),
    model.memory_bytes === null ? NONE : formatBytes(model.memory_bytes),
    model.reserved_bytes === null ? NONE : formatBytes(model.reserved_bytes),
    model.load_ms === null ? NONE : formatMs(model.load_ms),
    model.restarts,
    model.queue,
    [model.reason, model.last_death === null ? '' : `last death: ${model.last_death}`]
      .filter((s) => s !== '')
      .join('; '),
  ];
}

function residencyOf(model: ModelStatus): string {
  if (model.residency === null) return NONE;
  const residency = model.residency === 'on_demand' ? 'on demand' : model.residency;
  return model.pinned === true ? `${residency}, pinned` : residency;
}
