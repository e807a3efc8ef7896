/** What the metrics show of versions: read from the aliases at each scrape, and from every copy for a shadow. */
import type { AliasState } from '../contract/rollout.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ComparedFigures, VersionReading, VersionSources } from '../telemetry/metrics/version-metrics.ts';
import type { AliasStore } from './alias-store.ts';
import type { Drift } from './drift.ts';
import type { OnCopy } from './shadow-stats.ts';

export function versionReadings(
  supervisor: Pick<Supervisor, 'models'>,
  aliases: Pick<AliasStore, 'find'>,
): VersionSources {
  const models = (): Set<string> => new Set([...supervisor.models.values()].map(({ model }) => model));
  return {
    versions: () =>
      [...supervisor.models.values()].map(({ name, model, version }) => ({
        process: name,
        model,
        version,
        ...weightOf(aliases.find(model), version),
      })),
    aliases: () =>
      [...models()].flatMap((model) => {
        const state = aliases.find(model);
        return state === null ? [] : [{ model, generation: state.generation }];
      }),
  };
}

/** Share of a version, 0..1; steps of 0.001. Null: of a model that is being taken away. */
export function weightOf(
  state: Pick<AliasState, 'stable' | 'canary' | 'shadow'> | null,
  version: string,
): Pick<VersionReading, 'alias' | 'weight'> {
  if (state === null) return { alias: null, weight: 0 };
  const { stable, canary, shadow } = state;
  if (version === stable) return { alias: 'stable', weight: Math.round(1000 - (canary?.percent ?? 0) * 10) / 1000 };
  if (version === canary?.version) return { alias: 'canary', weight: Math.round(canary.percent * 10) / 1000 };
  if (version === shadow?.version) return { alias: 'shadow', weight: Math.round(shadow.percent * 10) / 1000 };
  return { alias: null, weight: 0 };
}

/** Counts every copy for a shadow. */
export function copiesTo(metrics: Metrics, model: string, version: string): OnCopy {
  metrics.beginShadow(model, version);
  return (result, drift) => metrics.onCopy(model, version, result, drift === null ? null : figuresOf(drift));
}

function figuresOf(drift: Drift): ComparedFigures {
  switch (drift.role) {
    case 'detector':
      return { iou: drift.iou, cosineDistance: null, scoreDrift: null };
    case 'recognizer':
      return {
        iou: null,
        cosineDistance: drift.minCosine === null ? null : 1 - drift.minCosine,
        scoreDrift: drift.maxQualityDrift,
      };
    case 'liveness':
      return { iou: null, cosineDistance: null, scoreDrift: drift.maxScoreDrift };
  }
}
