import { modelStatusSchema } from '../../contract/results.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printable, printJson, printLine } from '../io.ts';
import { modelPath } from '../model-action.ts';
import { clientFor } from '../client-for.ts';

const DETAILS = ['It holds until the server starts again; the setting models.<model>.pin is for good.'];

export const pin: Command = {
  name: 'pin',
  words: '<model>',
  summary: 'a pinned model is neither unloaded for another one nor when it is idle',
  details: DETAILS,
  options: {},
  run: (invocation) => runPin(invocation, 'pin'),
};

export const unpin: Command = {
  name: 'unpin',
  words: '<model>',
  summary: 'takes the pin away',
  details: DETAILS,
  options: {},
  run: (invocation) => runPin(invocation, 'unpin'),
};

async function runPin(invocation: Invocation, action: 'pin' | 'unpin'): Promise<ExitCode> {
  const { io, words } = invocation;
  takeWords(action, words, 1, 1, 'the name of a model');
  const path = `${modelPath(words[0] ?? '')}/${action}`;
  const model = modelStatusSchema.parse(await clientFor(invocation).json({ method: 'POST', path }));
  if (invocation.flag('json')) printJson(io, model);
  else {
    const how = model.pinned === true ? 'pinned: it is not unloaded for another model' : 'not pinned';
    printLine(io.stdout, printable(`${model.name} is ${how}`));
  }
  return EXIT.ok;
}
