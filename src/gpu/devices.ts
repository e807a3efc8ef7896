/** `device: auto` made definite: the first card where there is one, else the CPU. */
import { existsSync } from 'node:fs';
import type { Settings } from '../contract/settings.ts';

/** Made by the driver; the supervisor loads no native library to find out. */
const DRIVER_PATHS = ['/proc/driver/nvidia/version', '/dev/nvidia0', '/dev/nvidiactl'];

export function hasNvidiaDriver(exists: (path: string) => boolean = existsSync): boolean {
  return DRIVER_PATHS.some((path) => exists(path));
}

/** The settings with every `auto` replaced; which card or CPU it became, `facepool status` says. */
export function withDevices(settings: Settings, hasCard: () => boolean = hasNvidiaDriver): Settings {
  const found = Object.values(settings.models).some((model) => model.device === 'auto') ? hasCard() : false;
  const device = found ? 'cuda:0' : 'cpu';
  const models = Object.entries(settings.models).map(([name, model]) => [
    name,
    Object.freeze(model.device === 'auto' ? { ...model, device } : model),
  ]);
  return Object.freeze({ ...settings, models: Object.freeze(Object.fromEntries(models)) });
}
