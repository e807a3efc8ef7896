/** History, event log, alerts, insight and their metrics, put together: what the HTTP layer asks of telemetry. */
import type { Observatory } from '../contract/history.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { Observation } from '../contract/observation.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { createAlerts } from './alerts/alerts.ts';
import { memoryWarnings } from './alerts/memory-warnings.ts';
import { createEventLog } from './event-log.ts';
import type { Events } from './events.ts';
import { gpuAnswer } from './gpu-answer.ts';
import { createHistory, type History } from './history/history.ts';
import { findInsights } from './insight/insight.ts';
import type { InsightContext, InsightModel } from './insight/window.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { observeEvents } from './metrics-feed.ts';

export type StoryDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Of the models as they are now, by the names of their processes. */
  readonly manifests: () => ReadonlyMap<string, Manifest>;
  /** Where people reach this server; asked when an alert is sent. */
  readonly externalUrl: () => string;
  /** For tests. */
  readonly history?: History;
};

export type Story = {
  readonly observatory: Observatory;
  setAlertRules(rules: Settings['alert_rules']): void;
  /** Writes what waits. Nothing is heard any more. */
  close(): Promise<void>;
};

const MB = 2 ** 20;
/** A window that ended this long ago is over. */
const NOW_MS = 10_000;

/** Listens to `events` from now on: made before anything happens that is to be told. */
export function createStory(deps: StoryDeps): Story {
  const { settings, clock, events, metrics, log, manifests } = deps;
  const eventLog = createEventLog({ events });
  const history =
    deps.history ??
    createHistory({
      settings: settings.history,
      dataDir: settings.data_dir,
      clock,
      events,
      sampleMs: settings.monitor.sample_ms,
      onLastEventId: (id) => eventLog.raise(id),
    });
  const alerts = createAlerts({
    settings,
    events,
    clock,
    externalUrl: deps.externalUrl,
    onWebhook: ({ receiver, result, rule, detail }) => {
      metrics.alertWebhooks.inc({ result });
      if (result !== 'sent') log.warn({ receiver, result, rule, detail }, `alert webhook ${receiver}: ${detail}`);
    },
    onTrouble: (what, err) => log.warn({ err }, what),
  });
  let latest: Observation | null = null;
  const ends = [
    observeEvents(metrics, events),
    events.on('observation', (observation) => {
      latest = observation;
      history.add(observation);
    }),
    eventLog.onEvent((event) => history.addEvent(event)),
  ];
  metrics.observeAlerts(() => alerts.list());
  metrics.observeHistory(() => history.state());

  return {
    observatory: {
      gpu: () => gpuAnswer(latest, latest === null ? [] : memoryWarnings(latest), history.state()),
      history: (query) => history.query(query),
      events: (query) => history.events(query),
      onEvent: (listener) => eventLog.onEvent(listener),
      alerts: () => alerts.list(),
      silence: (rule, ms) => alerts.silence(rule, ms),
      async insight(from, to) {
        const answer = await history.query({ from, to, stepS: null, devices: null, workers: true, events: true });
        // What slows a card down now says nothing of last week.
        const isNow = clock.date().getTime() - to < NOW_MS;
        const cores = latest?.host?.cores ?? 1;
        const { oldest } = history.state();
        return {
          from: answer.from,
          to: answer.to,
          findings: findInsights(answer, {
            ...contextOf(isNow ? latest : null, cores, manifests()),
            oldest: oldest === null ? null : Date.parse(oldest),
            newest: latest?.at,
          }),
        };
      },
    },
    setAlertRules: (rules) => alerts.setRules(rules),
    async close() {
      for (const end of ends) end();
      alerts.close();
      eventLog.close();
      await history.close();
    },
  };
}

function contextOf(
  latest: Observation | null,
  cores: number,
  manifests: ReadonlyMap<string, Manifest>,
): InsightContext {
  const models = [...manifests].map(([name, manifest]): InsightModel => {
    const worker = latest?.workers.find((one) => one.name === name);
    return {
      name,
      role: manifest.role,
      reservedBytes: worker?.reserved ?? null,
      estimateBytes: manifest.memory.load_peak_mb * MB,
      batch: Math.max(...manifest.graphs.flatMap(({ batches }) => batches)),
    };
  });
  const throttle = Object.fromEntries(
    (latest?.gpus ?? []).map((gpu) => [gpu.uuid ?? `cuda:${gpu.index}`, gpu.throttle] as const),
  );
  return { cores, models, throttle };
}
