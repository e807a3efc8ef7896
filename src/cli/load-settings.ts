/** Settings, as the flags of a command say. */
import { type LoadedSettings, loadSettingsWithOrigins } from '../config/load.ts';
import type { FlagSetting } from '../config/text-layers.ts';
import { usageError } from './cli-error.ts';
import type { Invocation } from './command.ts';

/** Flags that stand for a setting. */
const FLAG_SETTINGS = { 'data-dir': 'data_dir', socket: 'admin.socket', host: 'http.host', port: 'http.port' } as const;

export function loadFor(invocation: Invocation): LoadedSettings {
  const { io } = invocation;
  return loadSettingsWithOrigins({
    file: invocation.text('config'),
    env: io.env,
    flags: [...readSetFlags(invocation), ...readNamedFlags(invocation)],
    cwd: io.cwd,
  });
}

function readNamedFlags(invocation: Invocation): FlagSetting[] {
  return Object.entries(FLAG_SETTINGS).flatMap(([name, key]) => {
    const value = invocation.text(name);
    return value === undefined ? [] : [{ key, value, flag: `--${name}` }];
  });
}

function readSetFlags(invocation: Invocation): FlagSetting[] {
  return invocation.texts('set').map((given) => {
    const equals = given.indexOf('=');
    if (equals < 1) throw usageError(`--set ${given}: must be <setting>=<value>, e.g. --set http.port=9000`);
    return { key: given.slice(0, equals).trim(), value: given.slice(equals + 1), flag: `--set ${given}` };
  });
}
