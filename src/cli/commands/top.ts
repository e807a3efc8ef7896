import { setTimeout as delay } from 'node:timers/promises';
import type { ModelStatus } from '../../contract/results.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatSeconds } from '../../util/format.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { clientFor } from '../settings.ts';
import { type Cell, type Column, tableLines } from '../table.ts';
import { cpuPercent, readWorkerCpuMs, type Sample, takeSample, type TopTools } from '../top-sample.ts';
import { styleOf } from './status.ts';

const REDRAW_MS = 1000;
/** Between the two looks of one shot: CPU is counted in steps of 10 ms. */
const ONE_SHOT_MS = 500;
const NONE = '-';

const DEVICE_COLUMNS: readonly Column[] = [
  { title: 'DEVICE' },
  { title: 'LIMIT', align: 'right' },
  { title: 'RESERVED', align: 'right' },
  { title: 'FREE', align: 'right' },
  { title: 'OTHER PROGRAMS', align: 'right' },
];

export const top: Command = createTop({
  readCpuMs: readWorkerCpuMs,
  now: () => performance.now(),
  tick: (ms) => delay(ms, true),
});

export function createTop(tools: TopTools): Command {
  return {
    name: 'top',
    words: '',
    summary: 'memory, use and CPU of each process and device, redrawn every second',
    details: ['On a terminal it goes on until Ctrl-C; elsewhere, and with --json, it shows once.'],
    options: { once: { type: 'boolean', help: 'shows once and ends' } },
    async run(invocation) {
      const { io } = invocation;
      takeWords('top', invocation.words, 0, 0, 'no word');
      const client = clientFor(invocation);
      const json = invocation.flag('json');
      const live = io.stdout.isTTY === true && !invocation.flag('once') && !json;
      let before: Sample | null = null;
      let sample = await takeSample(client, tools);
      while (live) {
        io.stdout.write(frame(render(io, before, sample), before === null));
        if (!(await tools.tick(REDRAW_MS))) return EXIT.ok;
        before = sample;
        sample = await takeSample(client, tools);
      }
      await tools.tick(ONE_SHOT_MS);
      before = sample;
      sample = await takeSample(client, tools);
      if (json) printJson(io, document(before, sample));
      else for (const line of render(io, before, sample)) printLine(io.stdout, line);
      return EXIT.ok;
    },
  };
}

/** Over the last one, without wrapping long lines; whatever ends the program between two, the terminal is as it was. */
function frame(lines: readonly string[], first: boolean): string {
  const text = lines.map((line) => `${line}\u001b[K\n`).join('');
  return `${first ? '\u001b[2J' : ''}\u001b[?7l\u001b[H${text}\u001b[J\u001b[?7h`;
}

function document(before: Sample, sample: Sample) {
  const models = sample.models.map((model) => {
    const cpu = cpuPercent(before, sample, model.pid);
    return { ...model, cpu_percent: cpu === null ? null : Math.round(cpu * 10) / 10 };
  });
  return { devices: sample.devices, models };
}

function render(io: Io, before: Sample | null, sample: Sample): string[] {
  const devices = sample.devices.map(({ device, limit_bytes: limit, reserved_bytes: reserved, foreign_bytes }) => [
    device,
    limit === null ? 'none' : formatBytes(limit),
    formatBytes(reserved),
    limit === null ? NONE : formatBytes(Math.max(0, limit - reserved)),
    formatBytes(foreign_bytes),
  ]);
  const seen = sample.cpuMs.size > 0;
  const rows = sample.models.map((model) => modelRow(model, seen ? cpuPercent(before, sample, model.pid) : undefined));
  return [...tableLines(io, DEVICE_COLUMNS, devices), '', ...tableLines(io, modelColumns(seen), rows)];
}

function modelColumns(cpu: boolean): Column[] {
  const figures = [...(cpu ? ['CPU %'] : []), 'MEMORY', 'RESERVED', 'IN USE', 'QUEUE', 'RESTARTS', 'UPTIME'];
  return [
    { title: 'NAME' },
    { title: 'STATUS' },
    { title: 'PID', align: 'right' },
    ...figures.map((title): Column => ({ title, align: 'right' })),
  ];
}

/** `cpu` undefined: no process is to be seen from here, and there is no such column. */
function modelRow(model: ModelStatus, cpu: number | null | undefined): Cell[] {
  return [
    model.name,
    { text: model.supervisord_state, style: styleOf(model.supervisord_state) },
    model.pid ?? NONE,
    ...(cpu === undefined ? [] : [cpu === null ? NONE : cpu.toFixed(1)]),
    model.memory_bytes === null ? NONE : formatBytes(model.memory_bytes),
    model.reserved_bytes === null ? NONE : formatBytes(model.reserved_bytes),
    model.in_use ?? NONE,
    model.queue,
    model.restarts,
    model.uptime_s === null ? NONE : formatSeconds(model.uptime_s),
  ];
}
