import { finished } from 'node:stream/promises';
import { CliError, usageError } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clientFor } from '../client-for.ts';

export const logs: Command = {
  name: 'logs',
  words: '<model>',
  summary: 'the log of a model’s process, or of imaging',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'goes on with what is written later; end it with Ctrl-C' },
    lines: { type: 'string', short: 'n', value: '<count>', help: 'how many of the last lines; default 200' },
  },
  async run(invocation) {
    takeWords('logs', invocation.words, 1, 1, 'the name of a model');
    const lines = invocation.text('lines') ?? '200';
    if (!/^\d+$/.test(lines)) throw usageError(`--lines ${lines}: must be a whole number`);
    const name = encodeURIComponent(invocation.words[0] ?? '');
    const path = `/v1/models/${name}/logs?lines=${lines}&follow=${invocation.flag('follow')}`;
    const answer = await clientFor(invocation).stream({ path });
    answer.pipe(invocation.io.stdout, { end: false });
    try {
      await finished(answer);
    } catch (error) {
      throw new CliError(EXIT.failure, 'the server went away before the log ended', { cause: error });
    }
    return EXIT.ok;
  },
};
