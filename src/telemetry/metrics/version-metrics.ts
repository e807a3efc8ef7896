/** Versions of models: who serves which share, and how far a shadow is from what serves. */
import type { Declare, Reading } from './declare.ts';

/** A version that may have a process. */
export type VersionReading = {
  /** Of its process: the label `model` of everything that is told of one. */
  readonly process: string;
  readonly model: string;
  readonly version: string;
  /** Null: no alias means it. A shadow's share is of copies, whose answers nobody gets. */
  readonly alias: 'stable' | 'canary' | 'shadow' | null;
  /** 0..1 */
  readonly weight: number;
};

export type AliasReading = { readonly model: string; readonly generation: number };

export type VersionSources = {
  readonly versions: () => Iterable<VersionReading>;
  readonly aliases: () => Iterable<AliasReading>;
};

/** `failed`: the copy had no answer. `dropped`: no copy was made, the version was busy. */
export const COPY_RESULTS = ['same', 'different', 'failed', 'dropped'] as const;
export type CopyResult = (typeof COPY_RESULTS)[number];

/** Figures of one comparison; null where the role has no such figure, or none could be had. */
export type ComparedFigures = {
  /** Mean over the faces that both found, 0..1. */
  readonly iou: number | null;
  /** 1 − cosine of the face that is furthest off, 0..2. */
  readonly cosineDistance: number | null;
  /** The largest one of the picture: of quality, or of liveness, 0..1. */
  readonly scoreDrift: number | null;
};

/** The model that a process runs a version of: `detector@v2` → `detector`. */
export function modelOfProcess(process: string): string {
  return process.split('@', 1)[0] ?? process;
}

const LABELS = ['model', 'version'] as const;
const IOU_BUCKETS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1];
const COSINE_BUCKETS = [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1];
const SCORE_BUCKETS = [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1];

export function declareVersions(declare: Declare) {
  let sources: VersionSources = { versions: () => [], aliases: () => [] };

  declare.readings(
    'model_version_weight',
    'Share of the traffic that a version serves, 0 to 1; of a shadow: share that is copied to it',
    ['model', 'version', 'alias'],
    function* (): Generator<Reading<'model' | 'version' | 'alias'>> {
      for (const { model, version, alias, weight } of sources.versions()) {
        if (alias !== null) yield [{ model, version, alias }, weight];
      }
    },
  );
  declare.readings(
    'model_process_info',
    'Always 1; says which model and version a process of this name runs',
    ['model', 'configured', 'version'],
    function* (): Generator<Reading<'model' | 'configured' | 'version'>> {
      for (const { process, model, version } of sources.versions()) {
        yield [{ model: process, configured: model, version }, 1];
      }
    },
  );
  declare.readings(
    'model_alias_generation',
    'Changes of the aliases of a model so far',
    ['model'],
    function* (): Generator<Reading<'model'>> {
      for (const { model, generation } of sources.aliases()) yield [{ model }, generation];
    },
  );

  const copies = declare.counter(
    'shadow_copies_total',
    'Runs that were to be copied to a shadow, by outcome: same, different, failed, dropped',
    [...LABELS, 'result'],
  );
  const iou = declare.histogram(
    'shadow_iou_ratio',
    'Overlap of the boxes that a shadow and the stable version found, mean of a picture, 0 to 1',
    LABELS,
    IOU_BUCKETS,
  );
  const cosine = declare.histogram(
    'shadow_cosine_distance',
    '1 − cosine of the embeddings of a shadow and the stable version, largest of a run',
    LABELS,
    COSINE_BUCKETS,
  );
  const score = declare.histogram(
    'shadow_score_drift',
    'Difference of the scores (quality, liveness) of a shadow and the stable version, largest of a run',
    LABELS,
    SCORE_BUCKETS,
  );

  return {
    /** What the weights and generations show, read at the scrape; the last one registered counts. */
    observeVersions(read: VersionSources): void {
      sources = read;
    },
    /** Begins the totals of a shadow at 0. */
    beginShadow(model: string, version: string): void {
      for (const result of COPY_RESULTS) copies.inc({ model, version, result }, 0);
    },
    /** `figures` null: there was nothing to compare. */
    onCopy(model: string, version: string, result: CopyResult, figures: ComparedFigures | null): void {
      const labels = { model, version };
      copies.inc({ ...labels, result });
      if (figures === null) return;
      if (figures.iou !== null) iou.observe(labels, figures.iou);
      // Rounding makes the same embedding a little more than 1.
      if (figures.cosineDistance !== null) cosine.observe(labels, Math.max(0, figures.cosineDistance));
      if (figures.scoreDrift !== null) score.observe(labels, figures.scoreDrift);
    },
    shadowMetrics: [copies, iou, cosine, score],
  };
}
