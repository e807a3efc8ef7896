import { type ModelStatus, modelsAnswerSchema } from '../../contract/results.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatMs, formatSeconds } from '../../util/format.ts';
import { printJson } from '../io.ts';
import { clientFor } from '../settings.ts';
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
    const answer = modelsAnswerSchema.parse(await clientFor(invocation).json({ path: '/v1/models' }));
    if (invocation.flag('json')) printJson(invocation.io, answer);
    else printTable(invocation.io, COLUMNS, answer.models.map(row));
    return EXIT.ok;
  },
};

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
