/** Changes of one model's state that belong together. */
import { reservation } from './ledger.ts';
import type { ModelState, Policy } from './state.ts';

/** After a load ran out of memory, the next one is expected to need so much more. */
const OOM_GROWTH = 1.25;
/** A second out-of-memory in a row: nobody tries again for so many retry waits. */
export const OOM_COOL_OFF = 10;

/**
 * Its load ran out of memory. True: it was the second time in a row, and nobody tries again for a while.
 * @param budget most that the device may give, bytes
 */
export function runOutOfMemory(model: ModelState, policy: Policy, budget: number, at: number): boolean {
  const { oomRetryMs, jitter } = policy;
  model.oomRetries += 1;
  model.oomBytes = Math.min(reservation(model) * OOM_GROWTH, budget);
  if (model.oomRetries === 1) {
    model.notBefore = at + oomRetryMs * (0.5 + jitter());
    return false;
  }
  model.oomRetries = 0;
  model.oomBytes = 0;
  model.loadAsked = false;
  model.notBefore = at + oomRetryMs * OOM_COOL_OFF;
  return true;
}

/** Its process is coming, or coming back. */
export function beginStart(model: ModelState, at: number): void {
  model.phase = 'starting';
  model.startedAt = at;
  model.measuredBytes = 0;
  model.served = 0;
}

/** It serves. */
export function becomeReady(model: ModelState, bytes: number, at: number): void {
  // It may have been asked to end meanwhile; then its end is on the way.
  if (model.phase !== 'starting') return;
  model.phase = 'ready';
  model.loadAsked = false;
  model.oomRetries = 0;
  model.served = 0;
  model.measuredBytes = bytes;
  model.baseBytes = bytes;
  model.oomBytes = 0;
  model.readyAt = at;
  model.lastUsedAt = at;
  const took = at - model.startedAt;
  model.loadMs = model.loadMs === null ? took : model.loadMs + (took - model.loadMs) / 2;
}
