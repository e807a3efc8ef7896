import { finished } from 'node:stream/promises';
import type { GpuAnswer } from '../../contract/history.ts';
import { CliError } from '../cli-error.ts';
import type { Client } from '../client.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { printJson, printLine } from '../io.ts';
import { queryText, readGpu, readHistory, readInsight } from '../observatory.ts';
import { clientFor } from '../client-for.ts';
import { checkRange, checkStep } from '../time-flags.ts';
import { CPU } from '../top-data.ts';
import { trendLines } from '../trends-view.ts';

export const trends: Command = {
  name: 'trends',
  words: '',
  summary: 'charts of the history of devices and processes, and what they mean in words',
  details: [
    'Times are now, -15m, -2h, -7d, seconds since 1970, or ISO 8601 (UTC). Default: the last hour.',
    'A device is cpu, the number of a GPU (0, cuda:0) or its id; with --csv default the first GPU, or cpu where there is none.',
  ],
  options: {
    from: { type: 'string', value: '<time>', help: 'begin; default -1h' },
    to: { type: 'string', value: '<time>', help: 'end; default now' },
    device: { type: 'string', value: '<device>', help: 'only this device' },
    step: { type: 'string', value: '<seconds>', help: 'each entry is the mean of so many; default auto, with --csv 1' },
    csv: { type: 'boolean', help: 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw of one device' },
  },
  async run(invocation) {
    const { io } = invocation;
    takeWords('trends', invocation.words, 0, 0, 'no word');
    const { text } = invocation;
    const range = checkRange({ from: text('from') ?? '-1h', to: text('to') ?? 'now' }, Date.now());
    checkStep(text('step'));
    const client = clientFor(invocation);
    const device = await wantedDevice(client, invocation);
    if (invocation.flag('csv')) {
      await streamCsv(client, invocation, { ...range, step: text('step') ?? '1', format: 'csv', device });
      return EXIT.ok;
    }
    const [history, insight] = await Promise.all([
      readHistory(client, { ...range, step: text('step'), devices: device }),
      readInsight(client, range),
    ]);
    if (invocation.flag('json')) printJson(io, { history, findings: insight.findings });
    else {
      for (const line of trendLines(io, history, insight.findings, widthOf(io))) printLine(io.stdout, line);
    }
    return EXIT.ok;
  },
};

/** The id of the device that is asked for; undefined: all of them. */
async function wantedDevice(client: Client, invocation: Invocation): Promise<string | undefined> {
  const given = invocation.text('device');
  if (given === CPU) return CPU;
  if (given === undefined && !invocation.flag('csv')) return undefined;
  const { gpus } = await readGpu(client);
  if (given === undefined) return gpus[0]?.id ?? CPU;
  return idOf(given, gpus);
}

/** `0`, `cuda:0` → the id of that card; anything else is an id already. */
function idOf(given: string, gpus: GpuAnswer['gpus']): string {
  const index = /^(?:cuda:)?(\d{1,4})$/.exec(given)?.[1];
  const found = gpus.find((gpu) => gpu.parent_uuid === null && gpu.index === Number(index));
  if (index !== undefined && found === undefined) throw new CliError(EXIT.refused, `there is no GPU ${index}`);
  return found?.id ?? given;
}

async function streamCsv(
  client: Client,
  { io }: Invocation,
  query: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const answer = await client.stream({ path: `/v1/gpu/history${queryText(query)}`, accept: 'text/csv' });
  answer.pipe(io.stdout, { end: false });
  try {
    await finished(answer);
  } catch (error) {
    throw new CliError(EXIT.failure, 'the server went away before the history ended', { cause: error });
  }
}
