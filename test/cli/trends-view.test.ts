import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { trendLines } from '../../src/cli/trends-view.ts';
import type { Finding } from '../../src/contract/history.ts';
import { GPU_ID } from '../http/support/observatory.ts';
import { event, history } from '../telemetry/insight/support.ts';
import { screen } from './support/run.ts';
import { HISTORY } from './support/story.ts';

const stdout = screen(false, () => undefined);
const io: Io = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };

function found(text: string): Finding {
  const { from, to } = HISTORY;
  return { code: 'input_bound', severity: 'warning', subject: null, text, numbers: {}, from, to };
}

const text = (...args: [typeof HISTORY, (readonly Finding[])?, number?]): string =>
  `${trendLines(io, args[0], args[1] ?? [], args[2] ?? Number.POSITIVE_INFINITY).join('\n')}\n`;

it('draws a chart per column and says what it means', () => {
  const out = text(HISTORY, [found('The card waits for its input.')]);
  assert.match(
    out,
    /^2026-11-21 10:00:00 to 2026-11-21 10:05:00 UTC, in steps of 5s\n\nCPU \(4 cores\)\nuse: 10 % on average/,
  );
  assert.match(
    out,
    new RegExp(`\n\nNVIDIA L4 \\(${GPU_ID}\\)\nuse: 30 % on average, 97 % at most at 2026-11-21 10:04:55\n`),
  );
  assert.match(out, /\n {5}100 % │\n {11}│ +▁▁▁[▂▃]+\n {11}│ +▁[▁-█]+\n {9}0 │▁+[▂-█]+\n {11}└10:00 +10:04\n/);
  assert.match(
    out,
    /\nmemory: 2\.0 GiB on average, 2\.0 GiB at most.*\n {3}8\.0 GiB │\n {11}│\n {11}│\n {9}0 │█{60}\n/,
  );
  assert.match(out, /\ntemperature: 60 °C on average.*\n {4}100 °C │/);
  assert.match(out, /\npower: 120 W on average.*\n {5}250 W │/);
  assert.match(out, /\nNAME +CPU +MEAN % +MOST % +MEMORY +MOST +LONGEST QUEUE\n/);
  assert.match(out, /\ndetector +▅{30} +50 +90 +█{30} +1\.0 GiB +7\n/);
  assert.match(out, /\n\nEVENTS\n2026-11-21 10:00:20Z {2}crash +detector died of SIGSEGV\n/);
  assert.match(out, /\n\nWHAT IT MEANS\n\* The card waits for its input\.\n$/);
});

it('fits 80 columns: charts, tables, events, sentences', () => {
  const events = Array.from({ length: 30 }, (_, i) => event(i, 'crash', 'detector', 'died '.repeat(30)));
  const out = text({ ...HISTORY, events }, [found('word '.repeat(40).trim())], 80);
  const lines = out.split('\n');
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
  assert.match(out, /\nEVENTS \(the last 20 of 30\)\n/);
  assert.match(out, /\n\* word .*\n {2}word .*\n {2}word/);
});

it('says so where nothing is known and nothing stands out', () => {
  assert.match(
    text(history({ length: 0, cpu: null })),
    /\n\nNothing is known of this time\.\n\nWHAT IT MEANS\nNothing stands out\.\n$/,
  );
});

it('nothing in a name or sentence steers the terminal', () => {
  const named = { ...HISTORY, devices: HISTORY.devices.map((device) => ({ ...device, name: 'L4\u001b[2J' })) };
  assert.equal(text(named, [found('a\u001b[31mb')]).includes('\u001b'), false);
});
