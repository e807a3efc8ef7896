/** Models that come and go while the server runs: versions that are tried, settings that change. */
import { type DeviceState, type ModelConfig, type ModelState, newModel } from './state.ts';

/** Throws for a name that is taken, and for a device that is not there. */
export function addModel(
  models: Map<string, ModelState>,
  devices: ReadonlyMap<string, DeviceState>,
  config: ModelConfig,
): void {
  if (models.has(config.name)) throw new Error(`model ${config.name} is there already`);
  if (!devices.has(config.device)) throw new Error(`${config.name}: no device ${config.device}`);
  models.set(config.name, newModel(config));
}

/**
 * Another residency, another weight; what is known of its process stays. Throws for another device: only a new process
 * can be elsewhere.
 */
export function configureModel(model: ModelState, config: ModelConfig): void {
  if (config.name !== model.config.name || config.device !== model.config.device) {
    throw new Error(`${model.config.name} cannot become ${config.name} on ${config.device}`);
  }
  model.config = config;
}

/** Throws while it has a process, or anybody waits for it. */
export function removeModel(models: Map<string, ModelState>, model: ModelState): void {
  const { phase, waiting, active, config } = model;
  const isFree = (phase === 'unloaded' || phase === 'down') && waiting.length === 0 && active.size === 0;
  if (!isFree) throw new Error(`model ${config.name} is ${phase}: it cannot be taken away`);
  models.delete(config.name);
}
