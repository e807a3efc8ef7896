/** What happens to the server, as typed events. Listeners are told synchronously, in the order they came. */
import type { WorkerState } from '../contract/lifecycle.ts';
import type { DriverState, MonitorEvent } from '../contract/monitor.ts';
import type { Observation } from '../contract/observation.ts';

export type EventMap = {
  /** A worker moved from one state to another. One event per move. */
  'worker.state': {
    readonly name: string;
    /** Model version; null for imaging. */
    readonly version: string | null;
    /** Null while there is no process. */
    readonly workerId: number | null;
    readonly pid: number | null;
    readonly from: WorkerState;
    readonly to: WorkerState;
    readonly reason: string;
    /** Milliseconds since 1970. */
    readonly at: number;
  };
  /** A process has ended, on purpose or not. */
  'worker.exit': {
    readonly name: string;
    readonly workerId: number;
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly reason: string;
    /** Class of the death; `asked`: it ended because it was told to. */
    readonly kind: string;
    readonly at: number;
  };
  /** A process will be started again after `delayMs`. */
  'worker.restart': {
    readonly name: string;
    readonly reason: string;
    readonly delayMs: number;
    readonly attempt: number;
    readonly at: number;
  };
  /**
   * A worker's answers cannot be trusted any more; it is ended and replaced. What it answered between the last time it
   * was proven and now may be wrong: the event names that window.
   */
  'worker.quarantine': {
    readonly name: string;
    readonly version: string | null;
    readonly workerId: number | null;
    readonly reason: string;
    /** When a golden probe last passed, at load or later. Milliseconds since 1970; null when none ever did. */
    readonly lastGoodAt: number | null;
    /** Inferences it answered since then. */
    readonly answered: number;
    readonly at: number;
  };
  /** A model's process is ended, or replaced in place, to give memory back. */
  'memory.evict': { readonly name: string; readonly reason: string; readonly at: number };
  /** Another program on the device is asked for its memory, or told that it may have it again. */
  'memory.tenant': { readonly name: string; readonly what: 'release' | 'reacquire'; readonly at: number };
  /** An order of the memory scheduler failed. */
  'memory.trouble': { readonly what: string; readonly reason: string; readonly at: number };
  /** A golden probe of a running worker did not pass. */
  'probe.failed': { readonly name: string; readonly reason: string; readonly at: number };
  /** Once a second, see contract/observation.ts. */
  observation: Observation;
  'gpu.event': MonitorEvent;
  /** The NVIDIA driver came, went, or can be read no longer. The first reading of a server is one too (`from` null). */
  'gpu.driver': {
    readonly from: DriverState | null;
    readonly to: DriverState;
    readonly detail: string;
    readonly at: number;
  };
  /** A model was, or was not, replaced by another version. */
  'swap.end': {
    readonly model: string;
    readonly from: string | null;
    readonly to: string;
    readonly result: 'ok' | 'failed' | 'rolled_back';
    readonly seconds: number;
    readonly reason: string;
    readonly at: number;
  };
  alert: {
    readonly rule: string;
    /** Device or model. */
    readonly subject: string;
    readonly state: 'firing' | 'resolved';
    readonly severity: 'warning' | 'error';
    readonly value: number;
    readonly above: number;
    readonly text: string;
    readonly at: number;
  };
  /** The history on disk failed, or works again. */
  history: { readonly ok: boolean; readonly detail: string; readonly at: number };
  /** The configuration was read again. */
  reload: {
    readonly ok: boolean;
    /** Settings by what became of them; empty where it was refused. */
    readonly applied: readonly string[];
    readonly needsRestart: readonly string[];
    /** Why it was refused, or what of it failed later; empty otherwise. */
    readonly detail: string;
    readonly at: number;
  };
  server: { readonly what: 'start' | 'stop'; readonly version: string; readonly detail: string; readonly at: number };
};

export type EventName = keyof EventMap;

export type Events = {
  /** Tells every listener; what a listener throws goes to `onListenerError` and never to the caller. */
  emit<K extends EventName>(name: K, payload: EventMap[K]): void;
  /** Adds a listener; the answer removes it. */
  on<K extends EventName>(name: K, listener: (payload: EventMap[K]) => void): () => void;
};

type ListenerSets = { [K in EventName]: Set<(payload: EventMap[K]) => void> };

/** An emitter for the events above. */
export function createEvents(onListenerError: (error: unknown, name: EventName) => void = () => {}): Events {
  const listeners: ListenerSets = {
    'worker.state': new Set(),
    'worker.exit': new Set(),
    'worker.restart': new Set(),
    'worker.quarantine': new Set(),
    'memory.evict': new Set(),
    'memory.tenant': new Set(),
    'memory.trouble': new Set(),
    'probe.failed': new Set(),
    observation: new Set(),
    'gpu.event': new Set(),
    'gpu.driver': new Set(),
    'swap.end': new Set(),
    alert: new Set(),
    history: new Set(),
    reload: new Set(),
    server: new Set(),
  };

  return {
    emit(name, payload) {
      // A copy: a listener may remove itself or others while it runs.
      for (const listener of [...listeners[name]]) {
        try {
          listener(payload);
        } catch (error) {
          try {
            onListenerError(error, name);
          } catch {
            // The emitter outlives its reporter too.
          }
        }
      }
    },
    on(name, listener) {
      // Wrapped, so that the same function added twice is two listeners and each `off` removes its own.
      const own = (payload: Parameters<typeof listener>[0]) => listener(payload);
      listeners[name].add(own);
      return () => {
        listeners[name].delete(own);
      };
    },
  };
}
