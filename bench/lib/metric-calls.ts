/** Which calls of metrics one request makes, read from two scrapes; and what these calls cost by themselves. */
import { performance } from 'node:perf_hooks';
import { Counter, Histogram, type Registry } from 'prom-client';

/** One series that one request moves, so many times. */
export type Call = {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly times: number;
  /** What a histogram observed in the mean; 1 for a counter. */
  readonly value: number;
};

/** `name{labels}` → value, as the text format has it. */
export function parseExposition(text: string): Map<string, number> {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    series.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return series;
}

/**
 * The counters and histograms that moved between two scrapes, per request. Totals that are not counted by requests (samples of
 * processes, the process's own metrics) are left out by `belongs`.
 */
export function callsOf(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  requests: number,
  belongs: (metric: string) => boolean,
): Call[] {
  const delta = (series: string): number => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  const calls: Call[] = [];
  for (const series of after.keys()) {
    const brace = series.indexOf('{');
    const name = brace === -1 ? series : series.slice(0, brace);
    const labels = labelsOf(series);
    const times = Math.round(delta(series) / requests);
    if (times < 1 || !belongs(name)) continue;
    if (name.endsWith('_total')) calls.push({ metric: name, labels, times, value: 1 });
    else if (name.endsWith('_count')) {
      const sum = delta(series.replace(`${name}`, `${name.slice(0, -'_count'.length)}_sum`));
      calls.push({ metric: name.slice(0, -'_count'.length), labels, times, value: sum / delta(series) });
    }
  }
  return calls;
}

function labelsOf(series: string): Record<string, string> {
  return Object.fromEntries(
    [...series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** Microseconds of all calls of one request, one figure for each batch. Throws when the registry does not know a metric. */
export function timeCalls(registry: Registry, calls: readonly Call[], batches: number, perBatch: number): number[] {
  const steps = calls.map(({ metric, labels, times, value }) => {
    const found: unknown = registry.getSingleMetric(metric);
    if (found instanceof Counter) return { times, call: () => found.inc({ ...labels }, value) };
    if (found instanceof Histogram) return { times, call: () => found.observe({ ...labels }, value) };
    throw new Error(`${metric} is no counter and no histogram`);
  });
  const request = (): void => {
    for (const { times, call } of steps) for (let i = 0; i < times; i++) call();
  };
  for (let i = 0; i < perBatch; i++) request();
  return Array.from({ length: batches }, () => {
    const began = performance.now();
    for (let i = 0; i < perBatch; i++) request();
    return ((performance.now() - began) * 1000) / perBatch;
  });
}
