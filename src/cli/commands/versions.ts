/** What versions of a model there are, where its aliases point and pointed, and the swaps between them. */
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { type Io, printable, printJson, printLine } from '../io.ts';
import { readSwap, readSwaps, readVersions } from '../rollout.ts';
import { clientFor } from '../client-for.ts';
import { stepLine } from '../step-lines.ts';
import { historyLines, swapLines, swapSentence, versionLines } from '../versions-view.ts';

export const versions: Command = {
  name: 'versions',
  words: '<model>',
  summary: 'the versions of a model: their aliases, shares of the traffic and figures',
  details: ['A version that gets requests has figures of the last minute (rollout.window_ms).'],
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('versions', words, 1, 1, 'the name of a model');
    const answer = await readVersions(clientFor(invocation), words[0] ?? '');
    if (invocation.flag('json')) printJson(io, answer);
    else printAll(io, versionLines(io, answer, widthOf(io)));
    return EXIT.ok;
  },
};

export const history: Command = {
  name: 'history',
  words: '<model>',
  summary: 'every change of a model’s aliases: when, who, what and why; the newest first',
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('history', words, 1, 1, 'the name of a model');
    const answer = await readVersions(clientFor(invocation), words[0] ?? '');
    const { model, generation, history: changes } = answer;
    if (invocation.flag('json')) printJson(io, { model, generation, history: changes });
    else printAll(io, historyLines(io, changes, widthOf(io)));
    return EXIT.ok;
  },
};

/** A ULID. */
const SWAP_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

export const swaps: Command = {
  name: 'swaps',
  words: '[model|id]',
  summary: 'the last swaps, of all models or of one; with an id, the steps of that swap',
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('swaps', words, 0, 1, 'a model or the id of a swap');
    const client = clientFor(invocation);
    const json = invocation.flag('json');
    const [word] = words;
    if (word !== undefined && SWAP_ID.test(word)) {
      const swap = await readSwap(client, word);
      if (json) printJson(io, swap);
      else printAll(io, [...swap.steps.map(stepLine), printable(swapSentence(swap))]);
      return EXIT.ok;
    }
    const found = await readSwaps(client, word);
    if (json) printJson(io, { swaps: found });
    else if (found.length === 0) printLine(io.stdout, 'no swaps yet');
    else printAll(io, swapLines(io, found, widthOf(io)));
    return EXIT.ok;
  },
};

function printAll(io: Io, lines: readonly string[]): void {
  for (const line of lines) printLine(io.stdout, line);
}
