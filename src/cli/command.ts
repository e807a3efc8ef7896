/** What a command is, and how its words on the command line are read. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../util/nearest.ts';
import { usageError } from './cli-error.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';

export type OptionSpec = {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Name of the value in the help, e.g. `<file>`. */
  readonly value?: string;
  readonly help: string;
};
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type Invocation = {
  readonly io: Io;
  /** Words after the command's name. */
  readonly words: readonly string[];
  /** The last value of a flag; undefined where it was not given. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
};

export type Command = {
  /** One or two words: `status`, `models pull`. */
  readonly name: string;
  /** What follows the name, e.g. `<model>`. */
  readonly words: string;
  readonly summary: string;
  /** More lines for `facepool help <command>`. */
  readonly details?: readonly string[];
  readonly options: OptionSpecs;
  run(invocation: Invocation): Promise<ExitCode>;
};

export const GLOBAL_OPTIONS: OptionSpecs = {
  config: { type: 'string', short: 'c', value: '<file>', help: 'configuration file; default: FACEPOOL_CONFIG, if set' },
  'data-dir': { type: 'string', value: '<folder>', help: 'the setting data_dir' },
  socket: { type: 'string', value: '<path>', help: 'the setting admin.socket: which server to talk to' },
  set: {
    type: 'string',
    multiple: true,
    value: '<setting>=<value>',
    help: 'any setting, e.g. http.port=9000; repeatable',
  },
  json: { type: 'boolean', help: 'answers as JSON, one document per line' },
  help: { type: 'boolean', short: 'h', help: 'help about the command' },
};

/** Reads what follows the command's name. Throws a usage error that names the flag and the one that was meant. */
export function readInvocation(command: Command, args: readonly string[], io: Io): Invocation {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const plain = Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { values, positionals } = parse(joinTimes(args, options), plain, command);
  return {
    io,
    words: positionals,
    text: (name) => [values[name]].flat().findLast((value) => typeof value === 'string'),
    texts: (name) => [values[name]].flat().filter((value) => typeof value === 'string'),
    flag: (name) => values[name] === true,
  };
}

/** `--from -1h` → `--from=-1h`: a value that begins with a minus and a digit is no flag. */
function joinTimes(args: readonly string[], options: OptionSpecs): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    const isValue = before?.startsWith('--') === true && options[before.slice(2)]?.type === 'string';
    if (isValue && !joined.includes('--') && /^-\d/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

type ParseOptions = NonNullable<Parameters<typeof parseArgs>[0]>['options'];
type Parsed = { values: Record<string, string | boolean | (string | boolean)[] | undefined>; positionals: string[] };

function parse(args: readonly string[], options: ParseOptions, command: Command): Parsed {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const help = `see: facepool help ${command.name}`;
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) throw usageError(`${message.split('. ')[0]}; ${help}`);
    const names = Object.keys(options ?? {}).map((name) => `--${name}`);
    throw usageError(`unknown flag ${unknown}${didYouMean(unknown, names)}; ${help}`);
  }
}

/** Refuses more words than the command takes. */
export function takeWords(command: string, words: readonly string[], min: number, max: number, what: string): void {
  if (words.length < min) throw usageError(`${command} needs ${what}; see: facepool help ${command}`);
  if (words.length > max) {
    throw usageError(`${command}: "${words[max]}" is one word too many; see: facepool help ${command}`);
  }
}
