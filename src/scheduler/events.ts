/** What the memory scheduler hears and what it orders. */

import type { DeviceConfig, ModelConfig } from './state.ts';

export type RefusalCode = 'memory_exhausted' | 'model_missing' | 'model_stopped' | 'model_failed';

export type SchedulerEvent = { readonly at: number } & (
  | { readonly type: 'request'; readonly id: number; readonly model: string }
  /** The client went while it waited: no answer is owed. */
  | { readonly type: 'cancel'; readonly id: number }
  /** The lease is given back. */
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'ready'; readonly model: string; readonly bytes: number }
  /** The process is gone and does not come back by itself. */
  | { readonly type: 'ended'; readonly model: string; readonly outcome: 'asked' | 'missing' | 'failed' | 'oom' }
  /** Its bytes are seen to be back. */
  | { readonly type: 'freed'; readonly model: string }
  | { readonly type: 'measured'; readonly model: string; readonly bytes: number }
  | { readonly type: 'device'; readonly device: string; readonly totalBytes: number; readonly foreignBytes: number }
  /** A run was out of memory: make what room there is. */
  | { readonly type: 'pressure'; readonly device: string }
  | { readonly type: 'tenant'; readonly tenant: string; readonly state: 'released' | 'failed' | 'holding' }
  /** Its process ended by itself and is on its way back: what was known of it is gone, its memory stays reserved. */
  | { readonly type: 'lost'; readonly model: string }
  /** A failed model may be tried again; the next request, or its residency, does so. */
  | { readonly type: 'revive'; readonly model: string }
  | { readonly type: 'load' | 'unload' | 'stop' | 'start' | 'restart' | 'pin' | 'unpin'; readonly model: string }
  /** A model, or another version of one, that is to be scheduled from now on; and no longer. */
  | { readonly type: 'add'; readonly config: ModelConfig }
  /** `renews`: what only a new process can have; the present one is replaced in place. */
  | { readonly type: 'configure'; readonly config: ModelConfig; readonly renews?: boolean }
  /** Another budget or headroom. */
  | { readonly type: 'budget'; readonly config: DeviceConfig }
  | { readonly type: 'remove'; readonly model: string }
  | { readonly type: 'tick' }
);

export type Effect =
  | { readonly type: 'start'; readonly model: string }
  | { readonly type: 'stop'; readonly model: string; readonly reason: string }
  /** Drain it and start it again in place. */
  | { readonly type: 'recycle'; readonly model: string; readonly reason: string }
  | { readonly type: 'grant'; readonly id: number; readonly model: string }
  | { readonly type: 'refuse'; readonly id: number; readonly code: RefusalCode; readonly retryAfterMs: number }
  | { readonly type: 'release' | 'reacquire'; readonly tenant: string };
