/** A server of scripted processes with versions: v1 serves, the others are good or broken by name. */
import type { TestContext } from 'node:test';
import type { Manifest } from '../../src/contract/manifest.ts';
import type { Swap, SwapRequest } from '../../src/contract/rollout.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { swapRequestSchema } from '../../src/contract/rollout.ts';
import { AliasStore } from '../../src/rollout/alias-store.ts';
import type { RolloutPorts } from '../../src/rollout/ports.ts';
import { Versions } from '../../src/rollout/rollout.ts';
import { serverPorts } from '../../src/rollout/server-ports.ts';
import type { SupervisorDeps } from '../../src/supervisor/supervisor.ts';
import { VersionTraffic } from '../../src/rollout/version-traffic.ts';
import { type FakeProcess, settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';
import { detectorManifest, recognizerManifest } from '../fixtures/manifests.ts';

/** Its worker's answer to `load`: a golden probe that fails, a crash, no memory, or silence. */
const BROKEN = ['wrong-golden', 'crashes', 'no-memory', 'silent'] as const;

export type SceneOptions = {
  readonly settings?: (defaults: Settings) => Settings;
  readonly embeddingsIn?: (from: string, to: string) => number;
  /** True: what a message to a process of this version would have brought about is not to happen. */
  readonly onSent?: (version: string, message: FakeProcess['sent'][number], process: FakeProcess) => boolean;
  /** Writes the aliases; throws as a full disk does. */
  readonly write?: (file: string, text: string) => void;
  /** A swap has the graphs of a version made ready. */
  readonly onPrepare?: (version: string, opinions: boolean) => void;
  /** Other hands. */
  readonly ports?: (real: RolloutPorts) => Partial<RolloutPorts>;
};

export const job = (signal = new AbortController().signal) => ({
  parts: [{ graph: 'yunet', shape: [1, 32, 32, 3] as const, count: 1 }],
  feed: async () => {},
  signal,
  charges: { count: 0 },
});

export function scene(t: TestContext, options: SceneOptions = {}) {
  const manifests: readonly Manifest[] = [
    ...['v1', 'v2', 'v3', 'slow', ...BROKEN].map((version) => ({ ...detectorManifest(), version })),
    { ...recognizerManifest(), version: 'other-role' },
    { ...detectorManifest(), version: 'huge', memory: { load_peak_mb: 1_000_000 } },
  ];
  const recognizers: readonly Manifest[] = [{ ...recognizerManifest(), version: 'omz-0095' }, otherSpace()];
  const late: { traffic: VersionTraffic | null } = { traffic: null };
  const prepare: SupervisorDeps['prepare'] = async (name, _signal, version) => {
    const found = [...manifests, ...recognizers].find((m) => m.version === version) ?? recognizerManifest();
    return {
      manifest: name === 'liveness' ? recognizerManifest() : found,
      golden: { schema: 1, made_with: 'nothing', graphs: {} },
      graphPaths: {},
      missing: [],
    };
  };
  const made = fakeServer(t, {
    settings: (s) => {
      const detector = s.models['detector'];
      const models = { ...s.models, ...(detector === undefined ? {} : { detector: { ...detector, version: 'v1' } }) };
      const settings = { ...s, models, memory: { ...s.memory, budgets: ['cpu=4000'] } };
      return options.settings?.(settings) ?? settings;
    },
    prepare: async (name, signal, version) => prepare(name, signal, version, false),
    onSent: (process, message) =>
      options.onSent?.(versionOf(process) ?? '', message, process) === true || misbehave(process, message),
    traffic: {
      choose: (model, client, only) => late.traffic?.choose(model, client, only) ?? { entry: model, alias: 'stable' },
      hold: (entry) => late.traffic?.hold(entry) ?? (() => {}),
      shadow: (model, client) => late.traffic?.shadow(model, client) ?? null,
      onOutcome: (entry, outcome) => late.traffic?.onOutcome(entry, outcome),
    },
  });
  const { settings, clock, events, supervisor, routers } = made;
  const real = serverPorts({
    settings,
    clock,
    events,
    supervisor,
    prepare: (name, signal, version, opinions) => {
      options.onPrepare?.(version, opinions);
      return prepare(name, signal, version, opinions);
    },
    probe: async (entry, signal) => (await routers.models.get(entry)?.probe(signal))?.value.passed === true,
    embeddingsIn: options.embeddingsIn ?? (() => 0),
  });
  const ports: RolloutPorts = {
    ...real,
    listVersions: async (model) => [
      ...(model === 'recognizer' ? recognizers : manifests).map((manifest) => ({
        version: manifest.version,
        source: 'staged' as const,
        manifest,
        problem: null,
      })),
      { version: 'unreadable', source: 'staged' as const, manifest: null, problem: 'line 3 is no YAML' },
    ],
  };
  Object.assign(ports, options.ports?.(ports));
  const troubles: string[] = [];
  const ended: Swap[] = [];
  const open = () => {
    const aliases = new AliasStore({
      dataDir: settings.data_dir,
      configured: new Map(Object.entries(settings.models).map(([name, model]) => [name, model.version])),
      now: () => clock.date(),
      onTrouble: (what, error) => {
        throw new Error(what, { cause: error });
      },
      write: options.write,
    });
    aliases.found(Object.keys(settings.models));
    const traffic = new VersionTraffic({
      clock,
      windowMs: settings.rollout.window_ms,
      ports,
      aliases: (model) => (settings.models[model]?.enabled === true ? aliases.state(model) : null),
      stats: (model) => versions.stats(model),
    });
    late.traffic = traffic;
    const onEnd = (swap: Swap): void => void ended.push(swap);
    const onTrouble = (what: string): void => void troubles.push(what);
    const versions: Versions = new Versions({ settings, clock, ports, aliases, traffic, onEnd, onTrouble });
    return { aliases, traffic, versions };
  };
  const first = open();
  const request = (version: string, given: Partial<SwapRequest> = {}): SwapRequest =>
    swapRequestSchema.parse({ version, ...given });
  /** Turns the clock until it is so. */
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (let i = 0; i < 10_000; i++) {
      await settle();
      if (isSo()) return;
      made.clock.advance(100);
    }
    throw new Error(`never: ${what}`);
  };
  const over = async (swap: Swap): Promise<Swap> => {
    await until(`${swap.to} is over`, () => first.versions.find(swap.id).state !== 'running');
    return first.versions.find(swap.id);
  };
  /** Which version answers a client now. */
  const answers = async (client = 'anna'): Promise<string> => {
    const session = routers.begin(client);
    try {
      const model = session.model('detector');
      await model?.router.infer(job());
      return model?.ref().version ?? 'nobody';
    } finally {
      session.end();
    }
  };
  const processes = (version: string): FakeProcess[] =>
    made.made.filter(
      (process) => !process.dead && versionOf(process) === version && process.sent.some(({ type }) => type === 'load'),
    );
  return { ...made, ...first, ports, open, ended, troubles, request, over, until, answers, processes };
}

function versionOf(process: FakeProcess): string | undefined {
  const load = process.sent.find(({ type }) => type === 'load');
  return (load?.params as { readonly manifest: Manifest } | undefined)?.manifest.version;
}

/** True: what the message would have brought about is not to happen. */
function misbehave(process: FakeProcess, message: FakeProcess['sent'][number]): boolean {
  if (message.type !== 'load') return false;
  const { id } = message;
  switch (versionOf(process) ?? '') {
    case 'wrong-golden': {
      const golden = { passed: false, minCosine: 0.2, detail: 'cosine 0.2' };
      const value = { provider: 'cpu', phasesMs: { create: 1, warm: 1, golden: 1 }, golden };
      process.say({ type: 'result', id, value });
      return true;
    }
    case 'crashes':
      process.exit({ code: null, signal: 'SIGSEGV' });
      return true;
    case 'no-memory':
      process.say({ type: 'error', id, error: { code: 'memory_exhausted', message: 'Failed to allocate memory' } });
      return true;
    case 'silent':
      return true;
    default:
      return false;
  }
}

function otherSpace(): Manifest {
  const manifest = recognizerManifest();
  if (manifest.role !== 'recognizer') throw new Error('no recognizer');
  return { ...manifest, version: 'r2', recognizer: { ...manifest.recognizer, space: 'another' } };
}
