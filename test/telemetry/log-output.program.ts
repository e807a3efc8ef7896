/** What log-output.test.ts runs: logs to standard output, and says on standard error that it goes on. */
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { openOutput } from '../../src/telemetry/log-output.ts';

const [rounds = '0', lines = '0', bytes = '0', stays = ''] = process.argv.slice(2);
const output = openOutput();
for (let round = 0; round < Number(rounds); round++) {
  for (let i = 0; i < Number(lines); i++) {
    output.write(`${String(round * Number(lines) + i).padEnd(Number(bytes), '.')}\n`);
  }
  await pause(5);
}
process.stderr.write('goes on');
if (stays === '') {
  await output.drained();
  process.exit(0);
}
process.once('SIGHUP', () => {
  // As after a fatal line.
  output.write('fatal\n');
  output.flushSync();
  void output.drained().then(() => process.exit(0));
});
process.once('SIGTERM', () => output.write('last\n'));
setInterval(() => {}, 1000);
