/** The versions of a model as people see them. */
import type { AliasState, Swap, TrialLimits, VersionsAnswer } from '../contract/rollout.ts';
import { quantile } from './judge.ts';
import type { KnownVersion, RolloutPorts } from './ports.ts';
import type { ShadowStats } from './shadow-stats.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type TellParts = {
  readonly ports: Pick<RolloutPorts, 'listVersions' | 'entryOf' | 'state'>;
  readonly traffic: Pick<VersionTraffic, 'outcomes'>;
  readonly state: AliasState;
  readonly model: string;
  readonly swap: Swap | null;
  readonly drift: ShadowStats | null;
  readonly limits: TrialLimits;
};

type Row = VersionsAnswer['versions'][number];

export async function tellVersions(parts: TellParts): Promise<VersionsAnswer> {
  const { state, model, swap } = parts;
  const known = await parts.ports.listVersions(model);
  return {
    model,
    generation: state.generation,
    stable: state.stable,
    canary: state.canary,
    shadow: state.shadow,
    previous: state.previous,
    versions: known.map((version) => row(version, parts)),
    drift: parts.drift?.answer ?? null,
    limits: limitsOf(parts.limits),
    swap,
    history: [...state.history].reverse(),
  };
}

/** Of all settings, those that say what is worse. */
function limitsOf({ min_requests, error_ratio, p99_ratio, min_compared, drift_ratio }: TrialLimits): TrialLimits {
  return { min_requests, error_ratio, p99_ratio, min_compared, drift_ratio };
}

function row({ version, source, manifest, problem }: KnownVersion, { ports, traffic, state, model }: TellParts): Row {
  const entry = ports.entryOf(model, version);
  const now = entry === null ? null : ports.state(entry);
  return {
    version,
    source,
    aliases: aliasesOf(version, state),
    state: now?.state ?? 'none',
    reason: now?.reason ?? '',
    description: manifest?.description ?? '',
    licence: manifest?.licence.spdx ?? '',
    space: manifest?.role === 'recognizer' ? manifest.recognizer.space : null,
    bytes: manifest?.graphs.reduce((sum, graph) => sum + graph.bytes, 0) ?? 0,
    memory_bytes: now?.memoryBytes ?? null,
    percent: percentOf(version, state),
    live: entry === null ? null : figures(traffic.outcomes(entry)),
    problem,
  };
}

function aliasesOf(version: string, state: AliasState): Row['aliases'] {
  const aliases: Row['aliases'] = [];
  if (state.stable === version) aliases.push('stable');
  if (state.canary?.version === version) aliases.push('canary');
  if (state.shadow?.version === version) aliases.push('shadow');
  if (state.previous === version) aliases.push('previous');
  return aliases;
}

function percentOf(version: string, { stable, canary }: AliasState): number {
  if (canary?.version === version) return canary.percent;
  if (stable !== version) return 0;
  return Math.round((100 - (canary?.percent ?? 0)) * 10) / 10;
}

function figures(outcomes: ReturnType<VersionTraffic['outcomes']>): Row['live'] {
  const failed = outcomes.filter(({ ok }) => !ok).length;
  return {
    requests: outcomes.length,
    error_ratio: outcomes.length === 0 ? 0 : failed / outcomes.length,
    p50_ms: quantile(outcomes, 0.5),
    p99_ms: quantile(outcomes, 0.99),
  };
}
