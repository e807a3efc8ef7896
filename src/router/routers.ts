/** One router per process, bound to the supervisor's processes. */
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { AnyCalls } from '../contract/protocol.ts';
import type { InferResult } from '../contract/protocol.ts';
import type { ModelRef } from '../contract/results.ts';
import type { Settings } from '../contract/settings.ts';
import { neededGraphs } from '../models/catalogue.ts';
import { IMAGING } from '../supervisor/imaging-role.ts';
import type { ManagedProcess } from '../supervisor/managed-process.ts';
import { givesOpinions, type ModelEntry } from '../supervisor/model-entry.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { counter } from '../util/counter.ts';
import type { Answered, Target } from './dispatcher.ts';
import { ImagingClient } from './imaging-client.ts';
import { type LeaseDeps, leasedInfer } from './leased-infer.ts';
import { ModelRouter } from './model-router.ts';
import { Proof } from './proof.ts';
import { runShadow, type ShadowTarget } from './shadow-run.ts';
import { type Choice, ONE_VERSION, type Traffic } from './traffic.ts';

/**
 * On a CPU a batch of 16 gains nothing over four of 4 (see docs/benchmarks.md), takes 200 MB more for OMZ, and holds
 * the worker for a fifth of a second, in which nobody else is served.
 */
const MAX_CPU_BATCH = 4;

/**
 * A decode that outlives every deadline by this much hangs its decoder. Nothing shorter will do: a picture that has
 * begun may have to wait until others give back the memory that it needs.
 */
const DECODE_GRACE_MS = 10_000;

export type RoutersDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly events: Events;
  readonly supervisor: Supervisor;
  readonly traffic?: Traffic | undefined;
};

export type NamedRouter = {
  /** Of the model, whatever the version. */
  readonly name: string;
  readonly manifest: Manifest;
  /** Takes a lease on the model for each inference: it is loaded first if need be, and not evicted meanwhile. */
  readonly router: Pick<ModelRouter, 'infer'>;
  readonly maxBatch: () => number;
  readonly ref: () => ModelRef;
  /** Its process has the graphs of second opinions. */
  readonly opinions: () => boolean;
};

/** One request: it keeps the versions that it began with. */
export type RouterSession = {
  /** Undefined for a name that is not configured; throws `model_failed` where the manifest cannot be read. */
  readonly model: (name: string) => NamedRouter | undefined;
  readonly end: () => void;
};

export type Routers = {
  readonly imaging: ImagingClient;
  /** `client`: who asks, by which it is decided which version answers. `only`: none that is on trial. */
  readonly begin: (client: string, only?: 'stable') => RouterSession;
  readonly models: ReadonlyMap<string, ModelRouter>;
  /**
   * By the name of the entry, whatever the aliases say; its runs are never copied for a shadow. Undefined for a name that
   * is none; throws `model_failed` where the manifest cannot be read.
   */
  readonly model: (name: string) => NamedRouter | undefined;
};

export function createRouters(deps: RoutersDeps): Routers {
  const { settings, clock, metrics, events, supervisor, traffic = ONE_VERSION } = deps;
  const nextTicket = counter();
  const common = (name: string) => ({
    clock,
    nextTicket,
    onWaited: (ms: number) => metrics.queueWait.observe({ model: name }, ms / 1000),
  });
  // What a reload may change is read at each use.
  const imaging = new ImagingClient(targetOf(supervisor.imaging), {
    ...common(IMAGING),
    get queueLimit() {
      return settings.limits.queue;
    },
    get maxAttempts() {
      return settings.workers.max_attempts;
    },
    concurrency: settings.imaging.concurrency,
    decodeTimeoutMs: settings.limits.max_timeout_ms + DECODE_GRACE_MS,
  });
  const proof = new Proof({
    clock,
    events,
    metrics,
    get intervalMs() {
      return settings.workers.probe_interval_ms;
    },
    get patienceMs() {
      return settings.limits.timeout_ms;
    },
  });
  const models = new Map<string, ModelRouter>();
  let underWay = 0;
  const add = ({ name, process, manifest }: ModelEntry): void => {
    const router = new ModelRouter(targetOf(process), {
      ...common(name),
      get queueLimit() {
        return settings.limits.queue;
      },
      get maxAttempts() {
        return settings.workers.max_attempts;
      },
      get inferTimeoutMs() {
        return settings.workers.infer_timeout_ms;
      },
      onOutcome: (result) => metrics.inferencesTotal.inc({ model: name, result }),
      onComputed: (ms) => metrics.inferenceDuration.observe({ model: name }, ms / 1000),
      manifest,
      isCrowded: () => underWay > 1,
      watch: proof.ears(name),
    });
    models.set(name, router);
    proof.watch({
      name,
      ready: () => process.readyChild?.workerId ?? null,
      probe: (signal) => router.probe(signal),
      quarantine: (worker, reason) => process.quarantine(worker, reason),
    });
  };
  for (const entry of supervisor.models.values()) add(entry);
  supervisor.onEntry = (entry, change) => {
    if (change === 'added') add(entry);
    else {
      models.delete(entry.name);
      proof.forget(entry.name);
    }
  };
  const leased: LeaseDeps = {
    residency: supervisor.residency,
    clock,
    get oomRetryMs() {
      return settings.memory.oom_retry_ms;
    },
    onColdStart: (model) => metrics.coldStarts.inc({ model }),
    onOomRetry: (model) => metrics.oomRetries.inc({ model }),
  };
  metrics.observeQueues(() => [
    [IMAGING, imaging.queueLength],
    ...[...models].map(([name, router]) => [name, router.queueLength] as const),
  ]);
  metrics.observePending(() =>
    [...models.keys()].map((name) => [name, supervisor.residency.view(name)?.waiting ?? 0] as const),
  );
  supervisor.queueLength = (name) => (name === IMAGING ? imaging.queueLength : (models.get(name)?.queueLength ?? null));
  const shadowTarget = (entry: ModelEntry): ShadowTarget => ({
    manifest: entry.manifest === null ? null : { graphs: neededGraphs(entry.manifest, givesOpinions(entry)).slice() },
    isIdle: () => entry.process.readyChild?.busy === 0 && models.get(entry.name)?.queueLength === 0,
    infer: (job) => {
      const router = models.get(entry.name);
      return router === undefined ? Promise.reject(new Error('gone')) : leasedInfer(leased, entry, router, job);
    },
  });
  /** `client` null: nobody's. */
  const named = (choice: Choice, client: string | null): NamedRouter | undefined => {
    const entry = supervisor.models.get(choice.entry);
    const router = models.get(choice.entry);
    if (entry === undefined || router === undefined) return undefined;
    const { model, manifest } = entry;
    if (manifest === null) throw new FacepoolError('model_failed', `the manifest of ${model} cannot be read`);
    return {
      name: model,
      manifest,
      router: {
        infer: async (job) => {
          const answer = await judged(traffic, entry.name, clock, () => leasedInfer(leased, entry, router, job));
          // Only what is stable is copied: a canary's answers are on trial themselves.
          const shadow = choice.alias === 'stable' && client !== null ? traffic.shadow(model, client) : null;
          const other = shadow === null ? undefined : supervisor.models.get(shadow.entry);
          if (shadow !== null && other !== undefined) {
            runShadow(shadow, manifest, shadowTarget(other), job, answer.value.output);
          }
          return answer;
        },
      },
      maxBatch: () => (entry.loaded?.provider === 'cpu' ? MAX_CPU_BATCH : Number.POSITIVE_INFINITY),
      ref: () => ({ version: entry.version, alias: choice.alias, provider: entry.loaded?.provider ?? 'unknown' }),
      opinions: () => givesOpinions(entry),
    };
  };
  return {
    imaging,
    models,
    model: (name) => named({ entry: name, alias: 'stable' }, null),
    begin: (client, only) => {
      const chosen = new Map<string, NamedRouter | undefined>();
      const ends: (() => void)[] = [];
      underWay++;
      ends.push(() => underWay--);
      return {
        model: (name) => {
          if (chosen.has(name)) return chosen.get(name);
          // Neither one that is being taken away, nor a version by the name of its entry.
          if (settings.models[name]?.enabled !== true) return undefined;
          const choice = traffic.choose(name, client, only);
          const router = named(choice, client);
          chosen.set(name, router);
          if (router !== undefined) ends.push(traffic.hold(choice.entry));
          return router;
        },
        end: () => {
          for (const end of ends.splice(0)) end();
        },
      };
    },
  };
}

/** What the version is to be blamed for; a client that went, or memory that there is not, says nothing of it. */
const BLAMED: ReadonlySet<string> = new Set(['model_failed', 'deadline_exceeded', 'poison_input']);

async function judged(
  traffic: Traffic,
  entry: string,
  clock: Clock,
  infer: () => Promise<Answered<InferResult>>,
): Promise<Answered<InferResult>> {
  const begun = clock.now();
  try {
    const answer = await infer();
    traffic.onOutcome(entry, { ok: true, ms: answer.value.computeMs });
    return answer;
  } catch (error) {
    if (error instanceof FacepoolError && BLAMED.has(error.code)) {
      traffic.onOutcome(entry, { ok: false, ms: clock.now() - begun });
    }
    throw error;
  }
}

function targetOf<C extends AnyCalls, P>(process: ManagedProcess<C, P>): Target<C> {
  return {
    name: process.role.name,
    readyChild: () => process.readyChild,
    availability: () => process.availability,
    reason: () => process.state.reason,
    onChange: (fn) => {
      process.onChange = () => {
        const child = process.readyChild;
        if (child !== null) child.onSettled = fn;
        fn();
      };
    },
  };
}
