/** How metrics are declared: each once, on one registry, with its help text and its label names. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Labels and value of one series; null where nothing is known: then the series is absent, never 0. */
export type Reading<L extends string> = readonly [labels: Readonly<Record<L, string>>, value: number | null];
export type Readings<L extends string> = () => Iterable<Reading<L>> | Promise<Iterable<Reading<L>>>;

export type Declare = ReturnType<typeof declareOn>;

/** Declares metrics whose names begin with `prefix` on the registry. */
export function declareOn(registry: Registry, prefix: string) {
  const registers = [registry];
  const base = <L extends string>(name: string, help: string, labelNames: readonly L[]) => ({
    name: `${prefix}${name}`,
    help,
    labelNames: [...labelNames],
    registers,
  });
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Counter<L>(base(name, help, labelNames)),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge<L>(base(name, help, labelNames)),
    histogram: <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]) =>
      new Histogram<L>({ ...base(name, help, labelNames), buckets: [...buckets] }),

    /** A gauge that is read at the scrape: series that `read` does not give, or gives as null, are absent. */
    readings<L extends string>(name: string, help: string, labelNames: readonly L[], read: Readings<L>): void {
      new Gauge<L>({
        ...base(name, help, labelNames),
        collect() {
          return refill(this, labelNames, read(), (labels, value) => this.set(labels, value));
        },
      });
    },

    /** The same for a total that somebody else counts. */
    totals<L extends string>(name: string, help: string, labelNames: readonly L[], read: Readings<L>): void {
      new Counter<L>({
        ...base(name, help, labelNames),
        collect() {
          return refill(this, labelNames, read(), (labels, value) => this.inc(labels, value));
        },
      });
    },
  };
}

/** In one go, so that no scrape sees half; at once where it can be, so that all metrics are of the same moment. */
function refill<L extends string>(
  metric: Gauge<L> | Counter<L>,
  labelNames: readonly L[],
  readings: Iterable<Reading<L>> | Promise<Iterable<Reading<L>>>,
  put: (labels: Readonly<Record<L, string>>, value: number) => void,
): void | Promise<void> {
  if (readings instanceof Promise) return readings.then((found) => refill(metric, labelNames, found, put));
  metric.reset();
  // `reset` leaves a 0 in a metric without labels.
  if (labelNames.length === 0) metric.remove();
  for (const [labels, value] of readings) if (value !== null) put(labels, value);
  return undefined;
}

/** One series per state: 1 for the present one, 0 for the others. */
export function* stateSet<S extends string, L extends string>(
  states: readonly S[],
  present: S,
  labels: Readonly<Record<L, string>>,
): Generator<Reading<L | 'state'>> {
  for (const state of states) yield [{ ...labels, state }, state === present ? 1 : 0];
}
