import { setTimeout as delay } from 'node:timers/promises';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { printJson, printLine } from '../io.ts';
import { clientFor } from '../client-for.ts';
import { CPU, look, Recent, type TopLook } from '../top-data.ts';
import { topLines } from '../top-view.ts';

const REDRAW_MS = 1000;

/** Waits; false ends the command. */
export type Tick = (ms: number) => Promise<boolean>;

export const top: Command = createTop((ms) => delay(ms, true));

export function createTop(tick: Tick): Command {
  return {
    name: 'top',
    words: '',
    summary: 'devices and processes with their last five minutes, alerts and events, redrawn every second',
    details: ['On a terminal it goes on until Ctrl-C; elsewhere, and with --json, it shows once.'],
    options: { once: { type: 'boolean', help: 'shows once and ends' } },
    async run(invocation) {
      const { io } = invocation;
      takeWords('top', invocation.words, 0, 0, 'no word');
      const client = clientFor(invocation);
      if (invocation.flag('json')) {
        printJson(io, document(await look(client)));
        return EXIT.ok;
      }
      const recent = new Recent();
      await recent.load(client);
      const isLive = io.stdout.isTTY === true && !invocation.flag('once');
      for (let isFirst = true; ; isFirst = false) {
        const seen = await look(client);
        recent.add(seen.gpu);
        const lines = topLines(io, seen, recent, widthOf(io));
        if (!isLive) {
          for (const line of lines) printLine(io.stdout, line);
          return EXIT.ok;
        }
        io.stdout.write(frame(lines, io.stdout.rows, isFirst));
        if (!(await tick(REDRAW_MS))) return EXIT.ok;
      }
    },
  };
}

/** Over the last one, without wrapping long lines; whatever ends the program between two, the terminal is as it was. */
function frame(lines: readonly string[], rows: number | undefined, isFirst: boolean): string {
  // One line more than there are rows would scroll the terminal at every frame.
  const room = Math.max(1, (rows ?? Number.POSITIVE_INFINITY) - 1);
  const text = lines
    .slice(0, room)
    .map((line) => `${line}\u001b[K\n`)
    .join('');
  return `${isFirst ? '\u001b[2J' : ''}\u001b[?7l\u001b[H${text}\u001b[J\u001b[?7h`;
}

function document({ gpu, models, alerts, events }: TopLook) {
  const cpu = gpu.host === null ? [] : [{ device: CPU, ...gpu.host }];
  const devices = [...cpu, ...gpu.gpus.map((one) => ({ device: one.id, ...one }))].map(
    ({ device, budget, reserved, foreign }) => ({
      device,
      limit_bytes: budget,
      reserved_bytes: reserved,
      foreign_bytes: foreign,
    }),
  );
  const withCpu = models.map((model) => {
    const cpu_percent = gpu.workers.find(({ name }) => name === model.name)?.cpu ?? null;
    return { ...model, cpu_percent: cpu_percent === null ? null : Math.round(cpu_percent * 10) / 10 };
  });
  return { devices, models: withCpu, gpu, alerts, events };
}
