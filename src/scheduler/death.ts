/** What a child's end means for the request it had begun. Pure. */
import { EXIT_POISONED } from '../contract/protocol.ts';

export type Death = {
  readonly code: number | null;
  readonly signal: string | null;
  /** The supervisor ended it because one run took too long. */
  readonly hang: boolean;
  /** The supervisor asked it to stop. */
  readonly asked: boolean;
};

/** `poisoned`: its device context was lost (a sticky CUDA error), and it ended itself, because only a new process helps. */
export type DeathClass = 'asked' | 'hang' | 'crash' | 'killed' | 'exit' | 'poisoned';

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
  if (death.signal !== null) return CRASH_SIGNALS.has(death.signal) ? 'crash' : 'killed';
  return death.code === EXIT_POISONED ? 'poisoned' : 'exit';
}

/**
 * Only deaths that the worker caused are held against the request that had begun; a kill from outside never is, nor is
 * a lost context: the request that was running when the device failed need not be the cause.
 */
export function chargesRequest(kind: DeathClass): boolean {
  return kind === 'crash' || kind === 'hang' || kind === 'exit';
}

export function describeDeath(death: Death): string {
  const kind = classifyDeath(death);
  const how = death.signal === null ? `exit code ${death.code ?? 'unknown'}` : death.signal;
  return `${kind} (${kind === 'poisoned' ? `device error, ${how}` : how})`;
}
