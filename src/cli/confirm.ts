/** A question before something that cannot be taken back. */
import { createInterface } from 'node:readline';
import { usageError } from './cli-error.ts';
import type { Invocation, OptionSpecs } from './command.ts';
import { printable, printLine } from './io.ts';

export const YES_OPTION: OptionSpecs = {
  yes: { type: 'boolean', short: 'y', help: 'does not ask; needed where there is no terminal' },
};

/**
 * Says what will be done and waits for a yes, unless `--yes` was given.
 * @returns false for any other answer
 * @throws CliError (usage) where nobody can be asked
 */
export async function confirm(invocation: Invocation, command: string, what: string): Promise<boolean> {
  if (invocation.flag('yes')) return true;
  const { stdin, stderr } = invocation.io;
  const isTerminal = 'isTTY' in stdin && stdin.isTTY === true;
  if (!isTerminal) throw usageError(`${what}; ${command} needs --yes where nobody can be asked`);
  stderr.write(`${printable(what)}. Go on? [y/N] `);
  const lines = createInterface({ input: stdin });
  try {
    const answer = await new Promise<string | null>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(null));
    });
    if (answer === null) printLine(stderr);
    if (/^y(?:es)?$/i.test(answer?.trim() ?? '')) return true;
  } finally {
    lines.close();
  }
  printLine(stderr, 'nothing was changed');
  return false;
}
