/** What a child's end means for the request it had begun. Pure. */

export type Death = {
  readonly code: number | null;
  readonly signal: string | null;
  /** The supervisor ended it because one run took too long. */
  readonly hang: boolean;
  /** The supervisor asked it to stop. */
  readonly asked: boolean;
};

export type DeathClass = 'asked' | 'hang' | 'crash' | 'killed' | 'exit';

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
  return 'exit';
}

/** Only deaths that the worker caused are held against the request that had begun; a kill from outside never is. */
export function chargesRequest(kind: DeathClass): boolean {
  return kind === 'crash' || kind === 'hang' || kind === 'exit';
}

export function describeDeath(death: Death): string {
  const how = death.signal === null ? `exit code ${death.code ?? 'unknown'}` : death.signal;
  return `${classifyDeath(death)} (${how})`;
}
