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

export const load: Command = {
  name: 'load',
  words: '<model>',
  summary: 'loads a model now, as a request for it would; makes room for it first where there is none',
  details: ['What that would take, without doing it: facepool plan <model>'],
  options: {},
  run: (invocation) => runModelAction(invocation, 'load'),
};

export const unload: Command = {
  name: 'unload',
  words: '<model>',
  summary: 'gives a model’s memory back as soon as nobody uses it; the next request loads it again',
  details: ['To keep requests from loading it again: facepool stop <model>'],
  options: {},
  run: (invocation) => runModelAction(invocation, 'unload'),
};
