import { type ReloadAnswer, reloadAnswerSchema, type SettingChange } from '../../contract/reload.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { type FitColumn, fitTable, widthOf } from '../fit.ts';
import { printJson, printLine, type Style } from '../io.ts';
import { understood } from '../observatory.ts';
import { jsonBody } from '../rollout.ts';
import { clientFor } from '../client-for.ts';
import type { Cell } from '../table.ts';

const COLUMNS: readonly FitColumn[] = [
  { title: 'SETTING', spare: 0 },
  { title: 'FROM', spare: 2 },
  { title: 'TO', spare: 1 },
  { title: 'EFFECT', spare: 0 },
];
const STYLES: Readonly<Partial<Record<SettingChange['effect'], Style>>> = {
  needs_restart: 'yellow',
  model_restarted: 'yellow',
  model_removed: 'yellow',
};

export const reload: Command = {
  name: 'reload',
  words: '',
  summary:
    'the server reads its configuration again, and applies what differs; models that are not concerned stay warm',
  details: [
    'A wrong configuration is refused as a whole. The file and the environment are those that the server was started with.',
    'What needs a restart of the server is told, and not applied.',
  ],
  options: { 'dry-run': { type: 'boolean', help: 'says what would change, and changes nothing' } },
  async run(invocation) {
    const { io } = invocation;
    takeWords('reload', invocation.words, 0, 0, 'no word');
    const body = jsonBody({ dry_run: invocation.flag('dry-run') });
    const answer = understood(
      reloadAnswerSchema,
      await clientFor(invocation).json({ method: 'POST', path: '/v1/reload', body }),
    );
    if (invocation.flag('json')) {
      printJson(io, answer);
      return EXIT.ok;
    }
    const { changes } = answer;
    if (changes.length > 0) {
      for (const line of fitTable(io, COLUMNS, changes.map(row), widthOf(io))) printLine(io.stdout, line);
      printLine(io.stdout);
    }
    printLine(io.stdout, sentence(answer));
    return EXIT.ok;
  },
};

function row({ setting, from, to, effect }: SettingChange): Cell[] {
  return [setting, from ?? '-', to ?? '-', { text: effect.replaceAll('_', ' '), style: STYLES[effect] }];
}

function sentence({ changes, dry_run: dryRun }: ReloadAnswer): string {
  if (changes.length === 0) return 'The configuration is the one that runs.';
  const waiting = changes.filter(({ effect }) => effect === 'needs_restart').length;
  const done = changes.length - waiting;
  const text = `${done} ${done === 1 ? 'change' : 'changes'} ${dryRun ? 'would be applied' : 'applied'}`;
  return waiting === 0 ? `${text}.` : `${text}; ${waiting} at the next start of the server.`;
}
