/** Typed events as one sentence for people, with a severity and the figures behind it. */
import type { EventType, StoredEvent } from '../contract/history.ts';
import type { MonitorEvent } from '../contract/monitor.ts';
import { describeXid } from './event-xid.ts';
import type { EventMap, EventName } from './events.ts';

/** A StoredEvent before it has its id. */
export type EventDraft = Omit<StoredEvent, 'id' | 'at'> & { /** Milliseconds since 1970. */ readonly at: number };
type Details = StoredEvent['details'];
type Severity = StoredEvent['severity'];

/** Longest reason in a sentence; the log has the whole. */
const LONGEST_REASON = 240;

function reasonText(reason: string): string {
  const line = reason.split('\n', 1)[0]?.trim() ?? '';
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
}

function draft(
  at: number,
  type: EventType,
  severity: Severity,
  subject: string | null,
  text: string,
  details: Details = {},
): EventDraft {
  return { at, type, severity, subject, text: `${text}.`, details };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function stateText(move: EventMap['worker.state']): EventDraft | null {
  const { name, version, pid, from, to, at } = move;
  const reason = reasonText(move.reason);
  const details = { version, pid, from, to, reason };
  switch (to) {
    case 'starting':
      return draft(at, 'start', 'info', name, `${name} starts: ${reason}`, details);
    case 'ready':
      return draft(at, 'ready', 'info', name, `${name} is ready${version === null ? '' : ` (${version})`}`, details);
    case 'stopped':
      // Out of `missing` nothing ran that could have stopped.
      return from === 'missing' ? null : draft(at, 'stop', 'info', name, `${name} stopped: ${reason}`, details);
    case 'missing':
      return draft(at, 'failed', 'error', name, `${name} has no weights: ${reason}`, details);
    case 'failed':
      return draft(at, 'failed', 'error', name, `${name} failed: ${reason}`, details);
    case 'quarantined':
      // A model's has an event of its own, which knows since when its answers are in doubt.
      if (version !== null) return null;
      return draft(at, 'quarantine', 'error', name, `${name} is replaced, it cannot be trusted: ${reason}`, details);
    case 'loading':
    case 'warming':
    case 'draining':
    case 'stopping':
    case 'backoff':
      return null;
  }
}

const DEATHS: Readonly<Record<string, string>> = {
  hang: 'hung and was ended',
  killed: 'was killed from outside',
  poisoned: 'lost its GPU and ended',
  exit: 'ended by itself',
};

function exitText(exit: EventMap['worker.exit']): EventDraft | null {
  const { name, code, signal, kind, at } = exit;
  // The quarantine that ended it was told.
  if (kind === 'asked' || kind === 'quarantined') return null;
  const reason = reasonText(exit.reason);
  const details = { code, signal, kind, worker_id: exit.workerId };
  if (kind === 'oom') return draft(at, 'oom', 'error', name, `${name} ran out of memory: ${reason}`, details);
  return draft(at, 'crash', 'error', name, `${name} ${DEATHS[kind] ?? 'crashed'}: ${reason}`, details);
}

function quarantineText(event: EventMap['worker.quarantine']): EventDraft {
  const { name, version, lastGoodAt, answered, at } = event;
  const reason = reasonText(event.reason);
  const last = lastGoodAt === null ? null : new Date(lastGoodAt).toISOString();
  const doubt = `${answered} answers since ${last ?? 'its start'} may be wrong`;
  return draft(at, 'quarantine', 'error', name, `${name} is replaced, it cannot be trusted: ${reason} (${doubt})`, {
    version,
    reason,
    last_good: last,
    answered,
  });
}

function gpuText(event: MonitorEvent): EventDraft {
  const { index, uuid, at } = event;
  const subject = uuid ?? `cuda:${index}`;
  const card = `GPU ${index}`;
  if (event.type !== 'xid') {
    return event.type === 'gpu_back'
      ? draft(at, 'gpu_back', 'info', subject, `${card} is back`, { index, uuid })
      : draft(at, 'gpu_lost', 'error', subject, `${card} is lost: the driver cannot reach it`, { index, uuid });
  }
  const { meaning, advice, program } = describeXid(event.xid);
  const text = `${card}: Xid ${event.xid}, ${meaning}; ${advice}`;
  return draft(at, 'xid', program ? 'warning' : 'error', subject, text, {
    index,
    uuid,
    xid: event.xid,
    meaning,
    advice,
  });
}

function driverText(event: EventMap['gpu.driver']): EventDraft {
  const { from, to, at } = event;
  const detail = reasonText(event.detail);
  // A machine without a card is no trouble; one whose card went is.
  const isPlain = to === 'ok' || to === 'off' || (from === null && (to === 'no_library' || to === 'no_driver'));
  const text = `NVIDIA driver: ${detail === '' ? to.replaceAll('_', ' ') : detail}`;
  return draft(at, 'driver', isPlain ? 'info' : from === 'ok' ? 'error' : 'warning', null, text, { from, to });
}

const SWAPS = {
  ok: { severity: 'info', text: 'was replaced' },
  failed: { severity: 'error', text: 'could not be replaced' },
  rolled_back: { severity: 'warning', text: 'was replaced and brought back' },
} as const;

function swapText(swap: EventMap['swap.end']): EventDraft {
  const { model, from, to, result, at } = swap;
  const { severity, text } = SWAPS[result];
  const reason = reasonText(swap.reason);
  const versions = from === null ? to : `${from} → ${to}`;
  const because = reason === '' ? '' : `: ${reason}`;
  return draft(
    at,
    'swap',
    severity,
    model,
    `${model} ${text} (${versions}) in ${seconds(swap.seconds * 1000)}${because}`,
    {
      from,
      to,
      result,
      seconds: swap.seconds,
      reason,
    },
  );
}

function reloadText({ ok, applied, needsRestart, detail, at }: EventMap['reload']): EventDraft {
  const details = { applied: applied.join(', '), needs_restart: needsRestart.join(', ') };
  if (!ok) {
    const text = `The configuration was read again, and not all of it could be used: ${reasonText(detail)}`;
    return draft(at, 'reload', 'error', null, text, details);
  }
  const restart = needsRestart.length === 0 ? '' : `; ${settings(needsRestart.length)} after a restart`;
  const text = `The configuration was read again: ${settings(applied.length)} applied${restart}`;
  return draft(at, 'reload', 'info', null, text, details);
}

function settings(count: number): string {
  return count === 1 ? '1 setting' : `${count} settings`;
}

/** What people may be told of: everything but the readings of every second. */
export type ToldEvent = Exclude<EventName, 'observation'>;
type Texts = { readonly [K in ToldEvent]: (event: EventMap[K]) => EventDraft | null };

/** Null: nothing that people are told of. */
export const EVENT_TEXTS: Texts = {
  'worker.state': stateText,
  'worker.exit': exitText,
  'worker.restart': ({ name, reason, delayMs, attempt, at }) =>
    draft(at, 'restart', 'warning', name, `${name} is started again after ${seconds(delayMs)} (${reason})`, {
      reason,
      delay_ms: delayMs,
      attempt,
    }),
  'worker.quarantine': quarantineText,
  'memory.evict': ({ name, reason, at }) =>
    draft(at, 'evict', 'info', name, `${name} gives its memory back: ${reasonText(reason)}`, { reason }),
  'memory.tenant': ({ name, what, at }) =>
    draft(
      at,
      'tenant',
      'info',
      name,
      what === 'release' ? `${name} is asked for its memory` : `${name} is told that it may have its memory again`,
      { what },
    ),
  'memory.trouble': ({ what, reason, at }) =>
    draft(at, 'trouble', 'warning', null, `${what} failed: ${reasonText(reason)}`, {
      what,
      reason: reasonText(reason),
    }),
  'probe.failed': ({ name, reason, at }) =>
    draft(at, 'probe_failure', 'error', name, `${name} did not pass its golden probe: ${reasonText(reason)}`),
  'gpu.event': gpuText,
  'gpu.driver': driverText,
  'swap.end': swapText,
  alert: ({ rule, subject, state, severity, value, above, text, at }) => ({
    at,
    type: 'alert',
    severity: state === 'firing' ? severity : 'info',
    subject: rule,
    text,
    details: { rule, subject, state, value, above },
  }),
  history: ({ ok, detail, at }) => draft(at, 'history', ok ? 'info' : 'warning', null, reasonText(detail), { ok }),
  reload: reloadText,
  server: ({ what, version, detail, at }) => {
    const more = detail === '' ? '' : `: ${reasonText(detail)}`;
    const text = `The server ${what === 'start' ? 'starts' : 'stops'} (${version})${more}`;
    return draft(at, what === 'start' ? 'server_start' : 'server_stop', 'info', null, text, { version });
  },
};
