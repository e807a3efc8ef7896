/** Changes of one model's state that belong together. */
import type { ModelState } from './state.ts';

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
