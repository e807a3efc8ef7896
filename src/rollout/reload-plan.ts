/** What a reload would do, as things are now. Pure: a dry run is this and nothing else. */
import { diffSettings } from '../config/diff.ts';
import type { SettingChange } from '../contract/reload.ts';
import type { Settings } from '../contract/settings.ts';

/** What is asked of the server as it runs. */
export type RunningView = {
  /** The version that is stable. */
  readonly stable: (model: string) => string;
  /** The device is one that is scheduled, and has room for the model. */
  readonly mayMove: (model: string, device: string) => boolean;
  /** The device is one that is scheduled. */
  readonly hasDevice: (device: string) => boolean;
};

/** One row for each setting that differs, with what would become of it. */
export function planReload(running: Settings, next: Settings, view: RunningView): SettingChange[] {
  const changes = diffSettings(running, next).map((change) => settle(change, running, next, view));
  // A model that is swapped starts with its other new settings; nothing of it is restarted for them.
  const swapped = new Set(changes.filter(({ effect }) => effect === 'model_swapped').map(modelOf));
  return changes.map((change) =>
    change.effect === 'model_restarted' && swapped.has(modelOf(change))
      ? { ...change, effect: 'model_swapped' }
      : change,
  );
}

/** Of `models.<name>` and `models.<name>.<key>`; undefined for every other setting. */
export function modelOf({ setting }: Pick<SettingChange, 'setting'>): string | undefined {
  const [section, name] = setting.split('.');
  return section === 'models' ? name : undefined;
}

function settle(change: SettingChange, running: Settings, next: Settings, view: RunningView): SettingChange {
  const later: SettingChange = { ...change, effect: 'needs_restart' };
  // It must fit the longest deadline that is in force, not one that comes with the restart.
  if (change.setting === 'limits.timeout_ms' && next.limits.timeout_ms > running.limits.max_timeout_ms) return later;
  const name = modelOf(change);
  if (name === undefined) return change;
  const [before, after] = [running.models[name], next.models[name]];
  if (after?.enabled !== true) return { ...change, effect: before?.enabled === true ? 'model_removed' : 'applied' };
  // All of its settings come with it.
  if (before?.enabled !== true) return view.hasDevice(after.device) ? { ...change, effect: 'model_added' } : later;
  if (change.setting.endsWith('.device') && !view.mayMove(name, after.device)) return later;
  const isThere = change.setting.endsWith('.version') && view.stable(name) === after.version;
  return isThere ? { ...change, effect: 'applied' } : change;
}
