/** An observation as the history keeps it: one row of figures for each device and worker. */
import type { Observation } from '../../contract/observation.ts';
import { deviceValues, workerValues } from './columns.ts';
import type { SeriesType } from './columns.ts';

/** A device or a worker. `about`: a device's name, the device of a worker. `kind`: of a device. */
export type Series = {
  readonly type: SeriesType;
  readonly id: string;
  readonly about: string;
  readonly kind: 'cpu' | 'gpu' | null;
};

export type Sample = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly rows: readonly {
    readonly series: Series;
    /** In the order of its layout's `sampled`; NaN: not known. */
    readonly values: Float64Array;
  }[];
};

/** One text for each series. */
export function seriesKey(series: Pick<Series, 'type' | 'id'>): string {
  return `${series.type} ${series.id}`;
}

export function toSample(observation: Observation): Sample {
  const devices = observation.devices.map((device) => ({
    series: { type: 'device', id: device.id, about: device.name, kind: device.kind } as const,
    values: deviceValues(device),
  }));
  const workers = observation.workers.map((worker) => ({
    series: { type: 'worker', id: worker.name, about: worker.device, kind: null } as const,
    values: workerValues(worker),
  }));
  return { at: observation.at, rows: [...devices, ...workers] };
}
