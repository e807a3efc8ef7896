/** A server of scripted processes whose settings are read again. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ReloadAnswer } from '../../src/contract/reload.ts';
import type { ModelSettings, Settings } from '../../src/contract/settings.ts';
import { createReload } from '../../src/rollout/reload.ts';
import type { EventMap } from '../../src/telemetry/events.ts';
import { detectorManifest } from '../fixtures/manifests.ts';
import { scene } from './support.ts';

const PREPARED = {
  manifest: detectorManifest(),
  golden: { schema: 1 as const, made_with: '', graphs: {} },
  graphPaths: {},
};
const NOTHING_MISSING = { ...PREPARED, missing: [] };

export async function reloadScene(
  t: TestContext,
  missing = NOTHING_MISSING.missing as { graph: string; file: string; bytes: number }[],
  onPrepare: (live: Settings) => void = () => {},
  embeddingsIn: (from: string, to: string) => number = () => 0,
) {
  const server = scene(t, { settings: (settings) => structuredClone(settings), embeddingsIn });
  const { settings: live, supervisor, aliases, versions, traffic, ports, clock, events } = server;
  const started = supervisor.start();
  await server.until('it serves', () => supervisor.models.get('detector')?.process.availability === 'ready');
  await started;
  let next: Settings | Error = structuredClone(live);
  const rules: Settings['alert_rules'][] = [];
  const log = { level: 'info' };
  const told: EventMap['reload'][] = [];
  events.on('reload', (one) => told.push(one));
  const reload = createReload({
    live,
    configured: live,
    load: () => {
      if (next instanceof Error) throw next;
      return next;
    },
    clock,
    events,
    supervisor,
    aliases,
    rollout: versions,
    traffic,
    ports,
    log,
    setAlertRules: (given) => rules.push(given),
    prepare: async () => {
      onPrepare(structuredClone(live));
      return { ...NOTHING_MISSING, missing };
    },
  });
  /** What the next reload reads. */
  const write = (change: (settings: Settings) => void): void => {
    const written = structuredClone(next instanceof Error ? live : next);
    change(written);
    next = written;
  };
  const detector = (given: Partial<ModelSettings>): void =>
    write((settings) => {
      const found = settings.models['detector'];
      assert.ok(found !== undefined);
      Object.assign(found, given);
    });
  const pids = (): Map<string, number | undefined> =>
    new Map([...supervisor.models].map(([name, { process }]) => [name, process.child?.pid]));
  return {
    ...server,
    reload,
    rules,
    log,
    told,
    write,
    detector,
    pids,
    fail: (error: Error) => {
      next = error;
    },
  };
}

/** Rows of an answer as `setting effect`. */
export const rows = ({ changes }: ReloadAnswer): string[] =>
  changes.map(({ setting, effect }) => `${setting} ${effect}`);
