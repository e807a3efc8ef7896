import type { Command } from '../command.ts';
import { runModelAction } from '../model-action.ts';

export const restart: Command = {
  name: 'restart',
  words: '<model>',
  summary: 'ends the model’s process and starts it again; resets its failures',
  options: {},
  run: (invocation) => runModelAction(invocation, 'restart'),
};

export const stop: Command = {
  name: 'stop',
  words: '<model>',
  summary: 'stops a model; requests for it get 503 until it is started',
  details: ['To stop the server itself, press Ctrl-C where it runs, or send SIGTERM to its process.'],
  options: {},
  run: (invocation) => runModelAction(invocation, 'stop'),
};
