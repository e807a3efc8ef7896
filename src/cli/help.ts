import { type Command, GLOBAL_OPTIONS, type OptionSpecs } from './command.ts';

/** One line per command. */
export function overview(commands: readonly Command[]): string {
  return [
    'facepool: a face server, every model in its own process',
    '',
    'Usage: facepool <command> [flags]',
    '',
    ...align(commands.map(row)),
    '',
    'Flags of every command:',
    ...optionLines(GLOBAL_OPTIONS),
    '',
    'More about one: facepool help <command>',
  ].join('\n');
}

/** @param group commands whose names begin with this one's */
export function commandHelp(command: Command, group: readonly Command[] = []): string {
  const own = optionLines(command.options);
  return [
    `Usage: facepool ${command.name} ${command.words}`.trimEnd(),
    '',
    command.summary,
    ...(command.details === undefined ? [] : ['', ...command.details]),
    ...(own.length === 0 ? [] : ['', 'Flags:', ...own]),
    ...(group.length === 0 ? [] : ['', 'Also:', ...align(group.map(row))]),
    '',
    'Flags of every command:',
    ...optionLines(GLOBAL_OPTIONS),
  ].join('\n');
}

function row({ name, words, summary }: Command): [string, string] {
  return [`${name} ${words}`.trim(), summary];
}

function optionLines(options: OptionSpecs): string[] {
  return align(
    Object.entries(options).map(([name, { short, value, help }]) => {
      const flag = short === undefined ? `--${name}` : `-${short}, --${name}`;
      return [value === undefined ? flag : `${flag} ${value}`, help];
    }),
  );
}

function align(rows: readonly [string, string][]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
