/** Command line → command → exit code. */
import { debuglog } from 'node:util';
import { ConfigError } from '../config/config-error.ts';
import { errorForJson, exitCodeOf, usageError } from './cli-error.ts';
import { type Command, readInvocation } from './command.ts';
import { start } from './commands/start.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { type Io, printable, printLine } from './io.ts';
import { didYouMean } from '../util/nearest.ts';

const debug = debuglog('facepool');

/** Runs one command and returns the exit code; never throws. With NODE_DEBUG=facepool stacks are shown. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    debug('%O', error);
    if (args.includes('--json')) printLine(io.stderr, JSON.stringify({ error: errorForJson(error) }));
    else printError(io, error);
    return exitCodeOf(error);
  }
}

function printError(io: Io, error: unknown): void {
  if (error instanceof ConfigError) {
    printLine(io.stderr, 'facepool: the configuration is wrong:');
    for (const problem of error.problems) printLine(io.stderr, `  ${printable(problem)}`);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  printLine(io.stderr, `facepool: ${printable(message)}`);
}

async function dispatch(args: readonly string[], io: Io): Promise<ExitCode> {
  const [first, ...rest] = args;
  const commands = await commandsFor(args);
  if (first === undefined) {
    printLine(io.stderr, overview(commands));
    return EXIT.usage;
  }
  if (first === 'help' || first === '--help' || first === '-h') return help(commands, rest, io);
  const [command, words] = findCommand(commands, first === '--version' ? ['version', ...rest] : args);
  if (words.some((word) => word === '--help' || word === '-h')) return help(commands, [command.name], io);
  return command.run(readInvocation(command, words, io));
}

/** Loading all commands takes 80 ms; a server that starts needs none of the others. */
async function commandsFor([first, ...words]: readonly string[]): Promise<readonly Command[]> {
  if (first === start.name && !words.includes('--help') && !words.includes('-h')) return [start];
  const { COMMANDS } = await import('./commands.ts');
  return COMMANDS;
}

function help(commands: readonly Command[], words: readonly string[], io: Io): ExitCode {
  const topic = words.filter((word) => !word.startsWith('-')).join(' ');
  const command = commands.find(({ name }) => name === topic);
  const group = commands.filter(({ name }) => topic === '' || name.startsWith(`${topic} `));
  if (command !== undefined) {
    printLine(io.stdout, commandHelp(command, group));
    return EXIT.ok;
  }
  if (group.length === 0) throw unknownCommand(commands, topic);
  printLine(io.stdout, overview(group));
  return EXIT.ok;
}

/** The command and what follows its name; the longest name wins. */
function findCommand(commands: readonly Command[], args: readonly string[]): [Command, readonly string[]] {
  for (const length of [2, 1]) {
    const name = args.slice(0, length).join(' ');
    const found = commands.find((command) => command.name === name);
    if (found !== undefined) return [found, args.slice(length)];
  }
  const [first = '', second] = args;
  if (first.startsWith('-')) throw usageError(`the command comes first, then its flags; see: facepool help`);
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) throw unknownCommand(commands, first);
  const names = group.map(({ name }) => name);
  const wrong = second === undefined ? `"${first}" needs a second word` : `unknown command "${first} ${second}"`;
  throw usageError(`${wrong}; there are: ${names.join(', ')}`);
}

function unknownCommand(commands: readonly Command[], word: string): Error {
  const hint = didYouMean(
    word,
    commands.map(({ name }) => name),
  );
  return usageError(`unknown command "${word}"${hint}; see: facepool help`);
}
