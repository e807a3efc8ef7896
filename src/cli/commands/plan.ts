import { type PlanAnswer, planSchema } from '../../contract/results.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes } from '../../util/format.ts';
import { printable, printJson, printLine } from '../io.ts';
import { modelPath } from '../model-action.ts';
import { clientFor } from '../client-for.ts';
import { type Cell, printTable } from '../table.ts';

export const plan: Command = {
  name: 'plan',
  words: '<model>',
  summary: 'what loading a model would take: who is unloaded or asked for memory; changes nothing',
  details: ['Ends with 1 where the model cannot be loaded at all.'],
  options: {},
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('plan', words, 1, 1, 'the name of a model');
    const answer = planSchema.parse(await clientFor(invocation).json({ path: `${modelPath(words[0] ?? '')}/plan` }));
    if (invocation.flag('json')) printJson(io, answer);
    else {
      printLine(io.stdout, printable(sentence(answer)));
      printLine(io.stdout);
      printTable(io, [{ title: 'WHAT' }, { title: 'MEMORY', align: 'right' }], rows(answer));
    }
    return answer.verdict === 'never' || answer.verdict === 'down' ? EXIT.failure : EXIT.ok;
  },
};

function sentence(answer: PlanAnswer): string {
  const { model, device } = answer;
  const evicted = list(answer.evicts.map((one) => one.model));
  switch (answer.verdict) {
    case 'loaded':
      return `${model} is loaded already, or on its way.`;
    case 'now':
      return `${model} fits on ${device}: it can be loaded at once.`;
    case 'evict':
      return `To load ${model}, ${evicted} would be unloaded.`;
    case 'release': {
      const asked = `${list(answer.releases.map((one) => one.tenant))} would be asked for memory`;
      return `To load ${model}, ${evicted === '' ? asked : `${evicted} would be unloaded and ${asked}`}.`;
    }
    case 'wait':
      return `${model} would have to wait: what it needs is in use, or on its way back.`;
    case 'never':
      return `${model} cannot be loaded: it needs more than ${device} may give, even with nothing else there.`;
    case 'down':
      return `${model} cannot be loaded until a person helps; facepool status says why.`;
    default:
      return answer.verdict satisfies never;
  }
}

/** `a`, `a and b`, `a, b and c`. */
function list(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

function rows(answer: PlanAnswer): Cell[][] {
  const { device, limit_bytes: limit, reserved_bytes: reserved } = answer;
  return [
    [`needed by ${answer.model}`, formatBytes(answer.needed_bytes)],
    [`models of ${device} may take`, limit === null ? 'no limit' : formatBytes(limit)],
    ['reserved for loaded models', formatBytes(reserved)],
    ['held by other programs', formatBytes(answer.foreign_bytes)],
    ...answer.evicts.map(({ model, bytes }): Cell[] => [`given back by ${model} (unloaded)`, formatBytes(bytes)]),
    ...answer.releases.map(({ tenant, bytes }): Cell[] => [`given back by ${tenant} (asked)`, formatBytes(bytes)]),
  ];
}
