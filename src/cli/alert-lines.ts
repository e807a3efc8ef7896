/** Alerts as lines. */
import type { AlertAnswer } from '../contract/history.ts';
import { cut } from './fit.ts';
import { type Io, paint, printable, type Style } from './io.ts';

export const ALERT_STYLES: Readonly<Record<AlertAnswer['state'], Style | undefined>> = {
  inactive: 'green',
  pending: 'yellow',
  firing: 'red',
  no_data: undefined,
};

/** `firing   gpu-busy: NVIDIA L4 (cuda:0): utilisation 97 % …`. */
export function alertLine(io: Io, alert: AlertAnswer, width: number): string {
  const silence = alert.silenced_until === null ? '' : ` (silenced until ${timeText(alert.silenced_until)})`;
  const text = cut(printable(`${alert.rule}${silence}: ${alert.text}`), Math.max(10, width - 9));
  return `${paint(io, ALERT_STYLES[alert.state], alert.state.padEnd(7))}  ${text}`;
}

/** `2026-11-21 04:30:01Z`. */
export function timeText(iso: string): string {
  const [date = '', time = ''] = iso.split('T');
  return `${date} ${time.slice(0, 8)}Z`;
}

/** At most two places. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
