import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { historyLines, swapLines, swapSentence, versionLines } from '../../src/cli/versions-view.ts';
import { SWAP, VERSIONS } from '../http/support/changes.ts';
import { screen } from './support/run.ts';

const stdout = screen(false, () => undefined);
const IO: Io = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };

it('narrow terminals get fewer columns, and what matters', () => {
  const widest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));
  const table = versionLines(IO, VERSIONS, 60).slice(0, 3);
  assert.ok(widest(table) <= 60, table.join('\n'));
  assert.match(table[0] ?? '', /^VERSION +ALIASES +STATE +TRAFFIC/);
  assert.ok(widest(historyLines(IO, VERSIONS.history, 60)) <= 60);
  assert.match(historyLines(IO, VERSIONS.history, 60)[0] ?? '', /WHAT +STABLE/);
  assert.ok(widest(swapLines(IO, [SWAP], 60)) <= 60);
});

it('every state of a swap has its sentence, and says what to do', () => {
  const ended = { ended: '2026-01-01T00:01:05.000Z' };
  assert.deepEqual(
    [
      swapSentence(SWAP),
      swapSentence({ ...SWAP, state: 'live', strategy: 'shadow', percent: 50 }),
      swapSentence({ ...SWAP, ...ended, state: 'done', gap_ms: 1200 }),
      swapSentence({ ...SWAP, ...ended, state: 'failed', reason: 'it crashed' }),
      swapSentence({ ...SWAP, ...ended, state: 'rolled_back', reason: 'too slow' }),
    ],
    [
      `detector: the swap from yunet-n to yunet-2 goes on (${SWAP.id})`,
      'detector: yunet-2 is live with copies of 50 % of the traffic; next: facepool promote detector, or facepool rollback detector',
      'detector: yunet-2 is stable after 65.0 s; requests waited for 1.2 s',
      'detector: yunet-2 was not taken after 65.0 s, yunet-n still serves: it crashed',
      'detector: yunet-2 was taken back after 65.0 s, yunet-n serves: too slow',
    ],
  );
});
