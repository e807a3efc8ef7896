import type { Settings } from '../../contract/settings.ts';
import { usageError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loadFor } from '../load-settings.ts';

export const start: Command = {
  name: 'start',
  words: '[model]',
  summary: 'runs the server here, in the foreground; with a model: starts that model again',
  details: ['Without a model it serves until Ctrl-C or SIGTERM. With one it talks to the server that runs.'],
  options: {
    host: { type: 'string', value: '<address>', help: 'the setting http.host' },
    port: { type: 'string', short: 'p', value: '<port>', help: 'the setting http.port; 0 = any free port' },
  },
  async run(invocation) {
    if (invocation.words.length === 0) return runServer(() => loadFor(invocation).settings);
    for (const name of ['host', 'port']) {
      if (invocation.text(name) !== undefined) throw usageError(`--${name} is for the server, not for one model`);
    }
    // Its client is not loaded for a server that starts.
    const { runModelAction } = await import('../model-action.ts');
    return runModelAction(invocation, 'start');
  },
};

/** The composition root is reached by address: commands other than this one load none of the server. */
async function runServer(load: () => Settings): Promise<ExitCode> {
  const settings = load();
  const found: unknown = await import(new URL('../../main.ts', import.meta.url).href);
  if (!hasMain(found)) throw new Error('src/main.ts exports no main function');
  await found.main(settings, load);
  return EXIT.ok;
}

function hasMain(found: unknown): found is { main: (settings: Settings, readAgain: () => Settings) => Promise<void> } {
  return typeof found === 'object' && found !== null && 'main' in found && typeof found.main === 'function';
}
