/** The story of memory, read from a server's log. */
import type { LogLine } from './server.ts';

/**
 * For every model that others made room for: milliseconds from the end of the last process that was in its way to its
 * own start. Negative would be a start before the room was there.
 */
export function waitsForMemory(log: readonly LogLine[]): number[] {
  const waits: number[] = [];
  for (const [i, line] of log.entries()) {
    const wanted = /^room for (\S+)$/.exec(String(line['reason']))?.[1];
    if (wanted === undefined || typeof line['model'] !== 'string') continue;
    const rest = log.slice(i + 1);
    const ended = rest.find((l) => l['name'] === line['model'] && 'signal' in l && 'code' in l);
    const started = rest.find((l) => l['name'] === wanted && l['to'] === 'starting');
    if (ended === undefined || started === undefined) continue;
    waits.push(timeOf(started) - timeOf(ended));
  }
  return waits;
}

function timeOf(line: LogLine): number {
  const time = line['time'];
  return typeof time === 'number' ? time : Date.parse(String(time));
}
