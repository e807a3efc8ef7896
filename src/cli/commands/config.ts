import { DEFAULT_CONFIG_FILE } from '../../config/paths.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { printJson, printLine } from '../io.ts';
import { loadFor } from '../load-settings.ts';
import { printTable } from '../table.ts';

const ADDRESS = {
  host: { type: 'string', value: '<address>', help: 'the setting http.host' },
  port: { type: 'string', short: 'p', value: '<port>', help: 'the setting http.port' },
} as const;

export const configCheck: Command = {
  name: 'config check',
  words: '[file]',
  summary: 'reads the configuration as the server would and names every fault',
  options: ADDRESS,
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('config check', words, 0, 1, 'a file');
    const withFile: Invocation = {
      ...invocation,
      text: (name) => (name === 'config' && words[0] !== undefined ? words[0] : invocation.text(name)),
    };
    const loaded = loadFor(withFile);
    if (invocation.flag('json')) printJson(io, { ok: true, file: loaded.file ?? null });
    else printLine(io.stdout, `the configuration is right: ${loaded.file ?? `${DEFAULT_CONFIG_FILE} (defaults only)`}`);
    return EXIT.ok;
  },
};

export const configShow: Command = {
  name: 'config show',
  words: '',
  summary: 'every setting with its value and where that comes from',
  options: ADDRESS,
  async run(invocation) {
    const { io } = invocation;
    takeWords('config show', invocation.words, 0, 0, 'no word');
    const { settings, origins } = loadFor(invocation);
    if (invocation.flag('json')) {
      printJson(io, { settings, origins: Object.fromEntries(origins) });
      return EXIT.ok;
    }
    const rows = [...flatten(settings, '')].map(([key, value]) => [key, JSON.stringify(value), origins.get(key) ?? '']);
    printTable(io, [{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }], rows);
    return EXIT.ok;
  },
};

function* flatten(value: object, prefix: string): Generator<[string, unknown]> {
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof member === 'object' && member !== null && !Array.isArray(member)) yield* flatten(member, name);
    else yield [name, member];
  }
}
