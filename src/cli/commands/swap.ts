/** swap, canary, shadow, promote and rollback: what moves the traffic of a model from one version to another. */
import { percentSchema, type Strategy, STRATEGIES, type Swap } from '../../contract/rollout.ts';
import { didYouMean } from '../../util/nearest.ts';
import { usageError } from '../cli-error.ts';
import type { Client } from '../client.ts';
import { type Command, type Invocation, type OptionSpecs, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printable, printJson, printLine } from '../io.ts';
import { postSwap, watchSwap } from '../rollout.ts';
import { clientFor } from '../client-for.ts';
import { StepLines } from '../step-lines.ts';
import { swapSentence } from '../versions-view.ts';

const MOVE_OPTIONS: OptionSpecs = {
  why: { type: 'string', value: '<text>', help: 'for the history' },
  'if-generation': {
    type: 'string',
    value: '<number>',
    help: 'refused unless the aliases are at this generation (facepool versions tells it)',
  },
  wait: { type: 'boolean', help: 'shows the steps, and ends when it is over or live' },
};
const LOAD_OPTIONS: OptionSpecs = {
  'allow-gap': {
    type: 'boolean',
    help: 'where both versions do not fit: ends the old one first, while requests wait',
  },
  'no-evict': { type: 'boolean', help: 'no idle model goes to make room for both' },
  'no-auto-rollback': { type: 'boolean', help: 'does not go back by itself on errors, latency or drift' },
  ...MOVE_OPTIONS,
};
const PERCENT = {
  type: 'string',
  value: '<percent>',
  help: 'share of the traffic, in steps of 0.1; default 10',
} as const;

const WAIT_DETAILS = [
  'With --wait the exit code is 1 where the swap failed or was rolled back; without, 0 says that it has begun.',
];

export const swap: Command = {
  name: 'swap',
  words: '<model> <version>',
  summary: 'replaces the version of a model while it works: proven first, then all traffic at once',
  details: ['The old version answers until the new one is proven; on any failure it never stopped.', ...WAIT_DETAILS],
  options: {
    strategy: { type: 'string', value: '<strategy>', help: `${STRATEGIES.join(', ')}; default immediate` },
    percent: { ...PERCENT, help: 'canary and shadow: share of the traffic, in steps of 0.1; default 10' },
    ...LOAD_OPTIONS,
  },
  run: (invocation) => begin(invocation, 'swap', readStrategy(invocation)),
};

export const canary: Command = {
  name: 'canary',
  words: '<model> <version>',
  summary: 'gives a version a share of the traffic: the same clients always get it',
  details: ['Then: facepool promote <model>, or facepool rollback <model>.', ...WAIT_DETAILS],
  options: { percent: PERCENT, ...LOAD_OPTIONS },
  run: (invocation) => begin(invocation, 'canary', 'canary'),
};

export const shadow: Command = {
  name: 'shadow',
  words: '<model> <version>',
  summary: 'gives a version copies of the traffic, and measures how its answers differ; nobody gets them',
  details: ['What differs: facepool versions <model>.', ...WAIT_DETAILS],
  options: { percent: { ...PERCENT, help: 'share of the traffic that is copied; default 10' }, ...LOAD_OPTIONS },
  run: (invocation) => begin(invocation, 'shadow', 'shadow'),
};

export const promote: Command = {
  name: 'promote',
  words: '<model>',
  summary: 'makes the canary or shadow of a model its stable version',
  details: WAIT_DETAILS,
  options: MOVE_OPTIONS,
  run: (invocation) => move(invocation, 'promote'),
};

export const rollback: Command = {
  name: 'rollback',
  words: '<model>',
  summary: 'takes a canary, a shadow or a swap that runs back; else goes back to the version before',
  details: ['Embeddings that "people reembed" made for a canary or shadow go with it.'],
  options: MOVE_OPTIONS,
  run: (invocation) => move(invocation, 'rollback'),
};

async function begin(invocation: Invocation, name: string, strategy: Strategy): Promise<ExitCode> {
  const { words, flag } = invocation;
  takeWords(name, words, 2, 2, 'a model and a version');
  const [model = '', version = ''] = words;
  const percent = readPercent(invocation.text('percent'), strategy);
  const request = {
    version,
    strategy,
    percent,
    auto_rollback: !flag('no-auto-rollback'),
    allow_evict: !flag('no-evict'),
    allow_gap: flag('allow-gap'),
    ...readMove(invocation),
  };
  const client = clientFor(invocation);
  const begun = await postSwap(client, model, 'swap', request);
  const end = await settle(invocation, client, begun);
  return end.state === 'failed' || end.state === 'rolled_back' ? EXIT.failure : EXIT.ok;
}

async function move(invocation: Invocation, action: 'promote' | 'rollback'): Promise<ExitCode> {
  const { words } = invocation;
  takeWords(action, words, 1, 1, 'the name of a model');
  const request = readMove(invocation);
  const client = clientFor(invocation);
  const moved = await postSwap(client, words[0] ?? '', action, request);
  const { state } = await settle(invocation, client, moved);
  // To be taken back is what a rollback is for.
  return state === 'failed' || (state === 'rolled_back' && action === 'promote') ? EXIT.failure : EXIT.ok;
}

/** Waits where that is asked for, and says how things are then. */
async function settle(invocation: Invocation, client: Client, begun: Swap): Promise<Swap> {
  const { io } = invocation;
  const json = invocation.flag('json');
  let end = begun;
  if (invocation.flag('wait') && begun.state === 'running') {
    const lines = new StepLines(io);
    try {
      end = await watchSwap(client, begun.id, (now) => {
        if (!json) lines.show(now.steps);
      });
    } finally {
      lines.clear();
    }
  }
  if (json) printJson(io, end);
  else printLine(io.stdout, printable(swapSentence(end)));
  return end;
}

function readStrategy(invocation: Invocation): Strategy {
  const given = invocation.text('strategy') ?? 'immediate';
  const found = STRATEGIES.find((strategy) => strategy === given);
  if (found !== undefined) return found;
  throw usageError(`--strategy ${given}: must be ${STRATEGIES.join(', ')}${didYouMean(given, STRATEGIES)}`);
}

function readPercent(given: string | undefined, strategy: Strategy): number | undefined {
  if (given === undefined) return undefined;
  if (strategy === 'immediate') throw usageError('--percent goes with the strategies canary and shadow');
  const percent = percentSchema.safeParse(/^\d{1,2}(?:\.\d+)?$/.test(given) ? Number(given) : Number.NaN);
  if (percent.success) return percent.data;
  throw usageError(`--percent ${given}: must be from 0.1 to 99.9, in steps of 0.1`);
}

function readMove(invocation: Invocation): { readonly why?: string; readonly if_generation?: number } {
  const given = invocation.text('if-generation');
  if (given !== undefined && !/^\d{1,15}$/.test(given)) {
    throw usageError(`--if-generation ${given}: must be a whole number`);
  }
  const why = invocation.text('why');
  return {
    ...(why === undefined ? {} : { why }),
    ...(given === undefined ? {} : { if_generation: Number(given) }),
  };
}
