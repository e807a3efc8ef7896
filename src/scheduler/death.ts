/** What a child's end means for the request it had begun. Pure. docs/reliability.md has the table. */
import { EXIT_POISONED } from '../contract/protocol.ts';

export type Death = {
  readonly code: number | null;
  readonly signal: string | null;
  /** The supervisor ended it because one run took too long, or because it said nothing any more. */
  readonly hang: boolean;
  /** The supervisor asked it to stop. */
  readonly asked: boolean;
  /** Why the supervisor ended it: wrong answers, a broken channel. */
  readonly broken?: string | null;
  /** Its last words say that there was no memory. */
  readonly outOfMemory?: boolean;
};

/**
 * `poisoned`: its device context was lost (a sticky CUDA error), and it ended itself, because only a new process helps.
 * `oom`: it aborted for want of memory. The kernel's out-of-memory killer is not seen here: it sends SIGKILL as anybody
 * may, so its victims are `killed`.
 */
export type DeathClass = 'asked' | 'hang' | 'quarantined' | 'oom' | 'crash' | 'killed' | 'exit' | 'poisoned';

const CRASH_SIGNALS: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]);

export function classifyDeath(death: Death): DeathClass {
  if (death.asked) return 'asked';
  if (death.hang) return 'hang';
  if (typeof death.broken === 'string') return 'quarantined';
  const crashed = death.signal !== null && CRASH_SIGNALS.has(death.signal);
  if (death.outOfMemory === true && (crashed || death.signal === null)) return 'oom';
  if (death.signal !== null) return crashed ? 'crash' : 'killed';
  return death.code === EXIT_POISONED ? 'poisoned' : 'exit';
}

/**
 * Only deaths that the worker caused are held against the request that had begun; a kill from outside never is, nor is
 * a lost context: the request that was running when the device failed need not be the cause. Want of memory is the
 * machine's fault, and a wrong answer the worker's.
 */
export function chargesRequest(kind: DeathClass): boolean {
  return kind === 'crash' || kind === 'hang' || kind === 'exit';
}

export function describeDeath(death: Death): string {
  const kind = classifyDeath(death);
  const how = death.signal === null ? `exit code ${death.code ?? 'unknown'}` : death.signal;
  if (kind === 'poisoned') return `${kind} (device error, ${how})`;
  if (kind === 'oom') return `${kind} (out of memory, ${how})`;
  return kind === 'quarantined' ? `${kind} (${death.broken})` : `${kind} (${how})`;
}
