/**
 * The names of Triton's metrics for the same things, for dashboards that know them (`metrics.triton_names`). Names, labels
 * and units are Triton's: microseconds, counters without `_total`. What Triton has and facepool does not measure
 * (compute input and output, energy, caches) is absent.
 */
import type { Counter, Histogram } from 'prom-client';
import type { Observation } from '../../contract/observation.ts';
import type { GpuReading } from '../../contract/monitor.ts';
import type { Declare, Reading } from './declare.ts';
import { gpuId } from './gpu-metrics.ts';
import { modelOfProcess } from './version-metrics.ts';

/** Where the figures come from. */
export type TritonSources = {
  readonly inferencesTotal: Pick<Counter<'model' | 'result'>, 'get'>;
  readonly inferenceDuration: Pick<Histogram<'model'>, 'get'>;
  readonly inferenceBatchFaces: Pick<Histogram<'model'>, 'get'>;
  readonly queueWait: Pick<Histogram<'model'>, 'get'>;
  /** Requests that wait for each model. */
  readonly waiting: () => Iterable<readonly [model: string, length: number]>;
  readonly latest: () => Observation | null;
};

type ModelReading = Reading<'model' | 'version'>;
/** Sum and number of what a histogram has seen, by model. */
type Sums = ReadonlyMap<string, { readonly sum: number; readonly count: number }>;

const MODEL = ['model', 'version'] as const;
const US_PER_S = 1e6;
/** Our outcomes in Triton's words. */
const FAILURES: Readonly<Record<string, string>> = { error: 'OTHER', abandoned: 'CANCELED' };

export function declareTritonNames(declare: Declare, sources: TritonSources) {
  // Process → version. Models only: imaging has queues too, and no version. Triton tells versions apart by their label.
  const versions = new Map<string, string>();

  /** One series for each model that has run. */
  const perModel = (read: (model: string, runs: { sum: number; count: number }) => number | Promise<number>) => {
    return async (): Promise<ModelReading[]> => {
      const readings: ModelReading[] = [];
      for (const [model, runs] of await sumsOf(sources.inferenceDuration)) {
        const version = versions.get(model);
        if (version !== undefined) readings.push([{ model: modelOfProcess(model), version }, await read(model, runs)]);
      }
      return readings;
    };
  };
  const outcomes = async () => {
    const { values } = await sources.inferencesTotal.get();
    return values.flatMap(({ labels, value }) => {
      const version = versions.get(String(labels.model));
      const model = modelOfProcess(String(labels.model));
      return version === undefined ? [] : [{ model, version, result: labels.result, value }];
    });
  };
  const queuedS = async (model: string): Promise<number> => (await sumsOf(sources.queueWait)).get(model)?.sum ?? 0;

  declare.totals('inference_request_success', 'Inference requests that succeeded', MODEL, async () =>
    (await outcomes())
      .filter(({ result }) => result === 'ok')
      .map(({ model, version, value }) => [{ model, version }, value] as const),
  );
  declare.totals(
    'inference_request_failure',
    'Inference requests that failed, by reason',
    [...MODEL, 'reason'],
    async () =>
      (await outcomes()).flatMap(({ model, version, result, value }) => {
        const reason = FAILURES[String(result)];
        return reason === undefined ? [] : [[{ model, version, reason }, value] as const];
      }),
  );
  declare.totals(
    'inference_count',
    'Inferences, each face of a batch counted',
    MODEL,
    perModel(async (model, { count }) => (await sumsOf(sources.inferenceBatchFaces)).get(model)?.sum ?? count),
  );
  declare.totals(
    'inference_exec_count',
    'Inferences, each batch counted once',
    MODEL,
    perModel((_model, { count }) => count),
  );
  declare.totals(
    'inference_request_duration_us',
    'Time in queue and compute together, in microseconds',
    MODEL,
    perModel(async (model, { sum }) => Math.round((sum + (await queuedS(model))) * US_PER_S)),
  );
  declare.totals(
    'inference_queue_duration_us',
    'Time that requests waited, in microseconds',
    MODEL,
    perModel(async (model) => Math.round((await queuedS(model)) * US_PER_S)),
  );
  declare.totals(
    'inference_compute_infer_duration_us',
    'Time that inferences took inside their worker, in microseconds',
    MODEL,
    perModel((_model, { sum }) => Math.round(sum * US_PER_S)),
  );
  declare.readings('inference_pending_request_count', 'Requests that wait for the model', MODEL, () => {
    return [...sources.waiting()].flatMap(([model, length]) => {
      const version = versions.get(model);
      return version === undefined ? [] : [[{ model: modelOfProcess(model), version }, length] as const];
    });
  });

  const ofGpus = (name: string, help: string, read: (gpu: GpuReading) => number | null): void => {
    declare.readings(name, help, ['gpu_uuid'], () =>
      (sources.latest()?.gpus ?? []).map((gpu) => [{ gpu_uuid: gpuId(gpu) }, read(gpu)] as const),
    );
  };
  ofGpus('gpu_utilization', 'Utilization of the GPU, 0 to 1', ({ gpuUtil }) => ratio(gpuUtil));
  ofGpus('gpu_memory_total_bytes', 'Memory of the GPU, in bytes', ({ memoryTotal }) => memoryTotal);
  ofGpus('gpu_memory_used_bytes', 'Used memory of the GPU, in bytes', ({ memoryUsed }) => memoryUsed);
  ofGpus('gpu_power_usage', 'Power that the GPU draws, in watts', ({ powerDraw }) => powerDraw);
  ofGpus('gpu_power_limit', 'Power that the GPU may draw, in watts', ({ powerLimit }) => powerLimit);

  const ofHost = (name: string, help: string, read: (host: NonNullable<Observation['host']>) => number | null) => {
    declare.readings(name, help, [], () => {
      const host = sources.latest()?.host ?? null;
      return host === null ? [] : [[{}, read(host)] as const];
    });
  };
  ofHost('cpu_utilization', 'Utilization of all usable cores, 0 to 1', ({ cpuUtil }) => ratio(cpuUtil));
  ofHost('cpu_memory_total_bytes', 'Memory of the machine, in bytes', ({ memoryTotal }) => memoryTotal);
  ofHost('cpu_memory_used_bytes', 'Used memory of the machine, in bytes', ({ memoryUsed }) => memoryUsed);

  return {
    /** The version that the model runs from here on. */
    setModelVersion(model: string, version: string): void {
      versions.set(model, version);
    },
    forget(model: string): void {
      versions.delete(model);
    },
  };
}

function ratio(percent: number | null): number | null {
  return percent === null ? null : percent / 100;
}

async function sumsOf(histogram: Pick<Histogram<'model'>, 'get'>): Promise<Sums> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { labels, value, metricName } of (await histogram.get()).values) {
    const model = String(labels.model);
    const entry = sums.get(model) ?? { sum: 0, count: 0 };
    if (metricName?.endsWith('_sum') === true) entry.sum = value;
    if (metricName?.endsWith('_count') === true) entry.count = value;
    sums.set(model, entry);
  }
  return sums;
}
