/** What a model's process is made with: its entry, its threads and its environment. */
import { availableParallelism } from 'node:os';
import { ENV_LOG_LEVEL } from '../contract/protocol.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import { deviceEnv } from './device-env.ts';

export const MODEL_ENTRY = new URL('../../workers/main.ts', import.meta.url);

/**
 * `auto`: the cores shared out among the models, and two at least where there are two cores: on 2 cores, two threads
 * answer one client a fifth sooner than one.
 */
export function threadsFor(
  settings: Pick<Settings, 'models'>,
  model: ModelSettings,
  cores: number = availableParallelism(),
): number {
  if (model.threads !== 'auto') return model.threads;
  const models = Object.values(settings.models).filter((m) => m.enabled).length;
  return Math.max(Math.min(2, cores), Math.floor(cores / Math.max(1, models)));
}

/**
 * Threads of a run while other requests are under way. On two cores they are all busy then, with other models and with
 * decoding: one thread each gives a tenth more answers. With more cores the model that is asked most is the bottleneck.
 */
export function crowdedThreadsFor(
  settings: Pick<Settings, 'models'>,
  model: ModelSettings,
  cores: number = availableParallelism(),
): number {
  const threads = threadsFor(settings, model, cores);
  if (model.threads !== 'auto' || model.device !== 'cpu') return threads;
  return cores > 2 ? threads : 1;
}

/** Throws `invalid_argument` where the server was given no such card. */
export function modelEnv(
  settings: Pick<Settings, 'models' | 'log'>,
  name: string,
  model: ModelSettings,
): Readonly<Record<string, string>> {
  return { ...deviceEnv(name, model.device, threadsFor(settings, model)), [ENV_LOG_LEVEL]: settings.log.level };
}
