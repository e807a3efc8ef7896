/** Models that come and go while the server runs: versions that are tried, settings that change. */
import { obey } from './commands.ts';
import { type DeviceConfig, type DeviceState, type ModelConfig, type ModelState, newModel } from './state.ts';

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
 * Another residency, another weight; what is known of its process stays. Throws for another device unless the process is
 * replaced: only a new one can be elsewhere.
 */
export function configureModel(
  model: ModelState,
  devices: ReadonlyMap<string, DeviceState>,
  config: ModelConfig,
  renews: boolean,
): void {
  const moves = config.device !== model.config.device;
  if (config.name !== model.config.name || (moves && !renews)) {
    throw new Error(`${model.config.name} cannot become ${config.name} on ${config.device}`);
  }
  if (!devices.has(config.device)) throw new Error(`${config.name}: no device ${config.device}`);
  model.config = config;
  if (!moves) return;
  // What it took on one device says little of another.
  model.measuredBytes = 0;
  model.peakBytes = null;
  model.baseBytes = 0;
  model.oomBytes = 0;
}

/** True: its process is to be replaced. What failed, or had no weights, is tried again; what a person stopped stays so. */
export function renewModel(model: ModelState): boolean {
  if (model.phase === 'ready' || model.phase === 'starting') return true;
  if (model.down === 'failed' || model.down === 'missing') obey(model, 'start');
  return false;
}

/** Throws for a device that is not there. */
export function configureDevice(devices: ReadonlyMap<string, DeviceState>, config: DeviceConfig): void {
  const device = devices.get(config.name);
  if (device === undefined) throw new Error(`no device ${config.name}`);
  device.config = config;
}

/** Throws while it has a process, or anybody waits for it. */
export function removeModel(models: Map<string, ModelState>, model: ModelState): void {
  const { phase, waiting, active, config } = model;
  const isFree = (phase === 'unloaded' || phase === 'down') && waiting.length === 0 && active.size === 0;
  if (!isFree) throw new Error(`model ${config.name} is ${phase}: it cannot be taken away`);
  models.delete(config.name);
}
