/**
 * A process with a history, as a server has it: `history-writer.ts <folder> <seconds>`. Samples come as fast as the disk
 * takes them; the clock, which the retries go by, turns by a second with each line. After each 20 seconds it prints a line of JSON: how far it is, its state, and how many of its
 * seconds it can answer.
 */
import process from 'node:process';
import { createEvents } from '../../../src/telemetry/events.ts';
import { createHistory } from '../../../src/telemetry/history/history.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { ask, gpuAt, START } from './support.ts';

export type WriterLine = {
  readonly second: number;
  readonly state: string;
  readonly detail: string;
  readonly answered: number;
  /** What the history said of itself since the last line. */
  readonly told: readonly boolean[];
};

const [dataDir = '', seconds = '0'] = process.argv.slice(2);
const clock = new ManualClock();
const events = createEvents();
let told: boolean[] = [];
events.on('history', ({ ok }) => told.push(ok));
const settings = { enabled: true, memory_s: 3600, retention_hours: 168, max_mb: 512 };
const history = createHistory({ settings, dataDir, clock, events, sampleMs: 1000 });

for (let second = 0; second < Number(seconds); second += 20) {
  for (let i = second; i < second + 20; i++) history.add(gpuAt(START + i * 1000, i % 100));
  // Begins before there is memory of it: so the disk is asked, and what waits is written first.
  const answer = await history.query(ask(START - 1000, START + (second + 20) * 1000));
  const answered = answer.devices[0]?.columns.gpu_util.filter((util) => util !== null).length ?? 0;
  const { state, detail } = history.state();
  const line: WriterLine = { second: second + 20, state, detail, answered, told };
  told = [];
  process.stdout.write(`${JSON.stringify(line)}\n`);
  clock.advance(1000);
}
await history.close();
