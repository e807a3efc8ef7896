/** A configuration of a test's own, as a file. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { makeDataDir } from './server.ts';

/** A fresh data directory with the settings beside it, as `startServer` takes them. */
export function configured(
  settings: unknown,
  dataDir: string = makeDataDir(),
): { readonly dataDir: string; readonly args: readonly string[] } {
  const file = path.join(dataDir, 'test.yaml');
  writeFileSync(file, stringify(settings));
  return { dataDir, args: ['--config', file] };
}

/** Every model on demand, with these settings beside. */
export function onDemand(each: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const model = { residency: 'on_demand', ...each };
  return { detector: { ...model }, recognizer: { ...model }, liveness: { ...model } };
}
