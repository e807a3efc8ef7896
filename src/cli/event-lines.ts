/** Events of the server as lines. */
import type { StoredEvent } from '../contract/history.ts';
import { type Io, paint, printable, type Style } from './io.ts';
import { cut } from './fit.ts';

const STYLES: Readonly<Record<StoredEvent['severity'], Style | undefined>> = {
  info: undefined,
  warning: 'yellow',
  error: 'red',
};
const TYPE_WIDTH = 13;

/** `2026-11-21 04:30:01Z  crash          detector died …`; with `short` only the time of the day. */
export function eventLine(io: Io, event: StoredEvent, width: number, short = false): string {
  const [date = '', time = ''] = event.at.split('T');
  const at = short ? time.slice(0, 8) : `${date} ${time.slice(0, 8)}Z`;
  const begin = `${at}  ${event.type.padEnd(TYPE_WIDTH)}  `;
  const text = cut(printable(event.text), Math.max(10, width - begin.length));
  return `${begin}${paint(io, STYLES[event.severity], text)}`;
}
