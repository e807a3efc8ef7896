/** What the rules look at: one figure per device or model. */
import type { DeviceObservation } from '../../contract/observation.ts';
import type { AlertMetric } from '../../contract/settings.ts';

export type Reading = {
  /** Id of a device, or name of a model. */
  readonly subject: string;
  /** Null: not known now. */
  readonly value: number | null;
};

/** Of every device that has such a figure; none for the metrics of updates. */
export function deviceReadings(metric: AlertMetric, devices: readonly DeviceObservation[]): Reading[] {
  return devices.flatMap((device) => {
    const value = figureOf(metric, device);
    return value === undefined ? [] : [{ subject: device.id, value }];
  });
}

/** Undefined: this metric is not about such a device. */
function figureOf(metric: AlertMetric, device: DeviceObservation): number | null | undefined {
  switch (metric) {
    case 'gpu_util':
      return device.kind === 'gpu' ? device.util : undefined;
    case 'memory_ratio':
      return ratio(device.memoryUsed, device.memoryTotal);
    case 'temperature':
      return onCardOr(device, device.temperature);
    case 'power_ratio':
      return onCardOr(device, ratio(device.powerDraw, device.powerLimit));
    case 'swap_seconds':
    case 'swap_error_ratio':
      return undefined;
    default:
      return metric satisfies never;
  }
}

/** Nothing tells these of a CPU, which is no missing figure. */
function onCardOr(device: DeviceObservation, value: number | null): number | null | undefined {
  return device.kind === 'cpu' && value === null ? undefined : value;
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}
