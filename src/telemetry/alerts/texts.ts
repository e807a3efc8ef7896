/** Alerts as sentences: the figure, and what to do. */
import type { DeviceObservation, Observation } from '../../contract/observation.ts';
import type { AlertMetric, AlertRule } from '../../contract/settings.ts';
import { formatBytes, formatSeconds } from '../../util/format.ts';
import type { AlertChange, AlertRow } from './engine.ts';
import { deviceLabel, percent, relief } from './memory-warnings.ts';
import { NO_DATA_MS } from './state.ts';
import { failures, type SwapRecord } from './swap-record.ts';

export type AlertFacts = {
  /** The last one; null before the first. */
  readonly observation: Pick<Observation, 'devices' | 'workers'> | null;
  readonly swaps: SwapRecord;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** For each metric: how its figure is written, and its name. */
const FIGURES: Readonly<Record<AlertMetric, { readonly name: string; readonly write: (value: number) => string }>> = {
  gpu_util: { name: 'utilisation', write: (value) => percent(value / 100) },
  memory_ratio: { name: 'memory', write: percent },
  temperature: { name: 'temperature', write: (value) => `${round(value)} °C` },
  power_ratio: { name: 'power', write: (value) => `${percent(value)} of the limit` },
  swap_seconds: { name: 'the last update took', write: (value) => `${round(value)} s` },
  swap_error_ratio: { name: 'failed updates', write: percent },
};

/** How a rule and a subject are now, for a list. */
export function rowText(rule: AlertRule, row: AlertRow, facts: AlertFacts): string {
  if (row.state === 'firing') return firingText(rule, row, facts);
  const { name, write } = FIGURES[rule.metric];
  const who = subjectLabel(rule.metric, row.subject, facts);
  if (row.state === 'no_data' || row.value === null) return `${who} does not tell it (${name}).`;
  const waits = row.state === 'pending' ? `; an alert if it stays above ${write(rule.above)}${lasting(rule)}` : '';
  return `${who}: ${name} ${write(row.value)}${waits}.`;
}

/** A rule that nothing gives a figure for. */
export function emptyText(rule: AlertRule): string {
  if (rule.metric === 'swap_seconds') return 'No model was updated within an hour.';
  if (rule.metric === 'swap_error_ratio') return 'No model was updated three times within a day.';
  return `No device tells it (${FIGURES[rule.metric].name}).`;
}

export function changeText(rule: AlertRule, change: AlertChange, facts: AlertFacts): string {
  if (change.change === 'firing') return firingText(rule, change, facts);
  const who = subjectLabel(rule.metric, change.subject, facts);
  const { name, write } = FIGURES[rule.metric];
  const lasted = formatSeconds((change.since - change.firedAt) / 1000);
  if (change.state === 'no_data' || change.value === null) {
    if (rule.metric.startsWith('swap_')) {
      return `${who}: no new update, and the last ones were too long ago to count (${name}), so the alert ends after ${lasted}.`;
    }
    return `${who}: nothing is known of it (${name}) for ${formatSeconds(NO_DATA_MS / 1000)}, so the alert ends after ${lasted}.`;
  }
  return `${who}: ${name} ${write(change.value)}, so the alert ends after ${lasted}.`;
}

function firingText(rule: AlertRule, row: Pick<AlertRow, 'subject' | 'value'>, facts: AlertFacts): string {
  const { name, write } = FIGURES[rule.metric];
  const value = row.value ?? rule.above;
  const device = deviceOf(row.subject, facts);
  const who = subjectLabel(rule.metric, row.subject, facts);
  const figure = `${who}: ${name} ${write(value)}${inUnits(rule.metric, device)}, above ${write(rule.above)}${lasting(rule)}`;
  return `${figure}${whatToDo(rule.metric, row.subject, device, facts)}.`;
}

function whatToDo(
  metric: AlertMetric,
  subject: string,
  device: DeviceObservation | undefined,
  { observation, swaps, at }: AlertFacts,
): string {
  switch (metric) {
    case 'gpu_util':
      return ': high load. Requests wait longer; scale out, divert requests, or limit how many run at once';
    case 'memory_ratio':
      return `: ${device === undefined ? 'scale out or divert requests' : relief(device, observation?.workers ?? [])}`;
    case 'temperature':
      return ': check the cooling, and limit how many requests run at once. It slows down by itself when it gets hotter';
    case 'power_ratio':
      return ': it slows down to stay below the limit. Limit how many requests run at once, or raise the limit';
    case 'swap_seconds':
      return ': look at the disk, and at whether the old and the new version fit into memory side by side';
    case 'swap_error_ratio': {
      const all = swaps.of(subject, at);
      const last = all.findLast(({ result }) => result !== 'ok');
      const why = last === undefined || last.reason === '' ? '' : `; the last one, to ${last.to}: ${last.reason}`;
      return ` (${failures(all)} of the last ${all.length})${why}`;
    }
    default:
      return metric satisfies never;
  }
}

/** The same figure in bytes or watts, where it is a ratio. */
function inUnits(metric: AlertMetric, device: DeviceObservation | undefined): string {
  if (device === undefined) return '';
  const { memoryUsed, memoryTotal, powerDraw, powerLimit } = device;
  if (metric === 'memory_ratio' && memoryUsed !== null && memoryTotal !== null) {
    return ` (${formatBytes(memoryUsed)} of ${formatBytes(memoryTotal)})`;
  }
  if (metric === 'power_ratio' && powerDraw !== null && powerLimit !== null) {
    return ` (${round(powerDraw)} of ${round(powerLimit)} W)`;
  }
  return '';
}

function lasting({ for_ms: ms }: AlertRule): string {
  return ms === 0 ? '' : ` for ${formatSeconds(ms / 1000)}`;
}

function deviceOf(subject: string, { observation }: AlertFacts): DeviceObservation | undefined {
  return observation?.devices.find(({ id }) => id === subject);
}

function subjectLabel(metric: AlertMetric, subject: string, facts: AlertFacts): string {
  const device = metric.startsWith('swap_') ? undefined : deviceOf(subject, facts);
  return device === undefined ? subject : deviceLabel(device);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
