/** The life of a worker: one writer (the supervisor), a closed table of moves, one event per move. */

export const WORKER_STATES = [
  'missing',
  'stopped',
  'starting',
  'loading',
  'warming',
  'ready',
  'draining',
  'stopping',
  'backoff',
  'quarantined',
  'failed',
] as const;

export type WorkerState = (typeof WORKER_STATES)[number];

/** Every move that is allowed; any other is a bug and throws. */
export const ALLOWED_MOVES: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  missing: ['stopped', 'starting'],
  stopped: ['missing', 'starting'],
  starting: ['loading', 'stopping', 'backoff', 'failed', 'missing'],
  loading: ['warming', 'stopping', 'backoff', 'failed'],
  warming: ['ready', 'stopping', 'backoff', 'failed'],
  ready: ['draining', 'stopping', 'backoff', 'quarantined', 'failed'],
  draining: ['stopping', 'stopped', 'backoff'],
  stopping: ['stopped', 'starting', 'backoff'],
  backoff: ['starting', 'stopped', 'failed', 'missing'],
  quarantined: ['stopping', 'backoff', 'stopped'],
  failed: ['starting', 'stopped', 'missing'],
};

/** supervisord's word for each state, which operators know. */
export const SUPERVISORD_WORD: Readonly<Record<WorkerState, string>> = {
  missing: 'FATAL',
  stopped: 'STOPPED',
  starting: 'STARTING',
  loading: 'STARTING',
  warming: 'STARTING',
  ready: 'RUNNING',
  draining: 'STOPPING',
  stopping: 'STOPPING',
  backoff: 'BACKOFF',
  quarantined: 'BACKOFF',
  failed: 'FATAL',
};

export function isAllowedMove(from: WorkerState, to: WorkerState): boolean {
  return ALLOWED_MOVES[from].includes(to);
}
