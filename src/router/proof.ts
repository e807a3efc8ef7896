/**
 * Is a worker that answers still right? Every `workers.probe_interval_ms`, and after an error that may be the worker's own,
 * its golden probe runs through its real queue. A worker that fails it, or that answers nonsense, is quarantined: ended
 * and replaced. The event says what it answered since it was proven last.
 *
 * A probe takes no lease and starts nothing: it does not count as a use of the model, nor keep it from being evicted.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { ProbeResult, WorkerId } from '../contract/protocol.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';

/** What a model's router tells of its workers. */
export type WorkerWatch = {
  /** It answered an inference. */
  readonly answered: (worker: WorkerId) => void;
  /** It answered an error that may be its own fault. */
  readonly failed: (worker: WorkerId) => void;
  /** It answered what no sound worker answers. */
  readonly broken: (worker: WorkerId, fault: string) => void;
  readonly probed: (worker: WorkerId, result: ProbeResult) => void;
};

/** A model, as far as it is probed. */
export type Provable = {
  readonly name: string;
  /** The worker that requests go to now; null while there is none. */
  readonly ready: () => WorkerId | null;
  /** Rejects when the probe could not be made; its result is told to the watch as well. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>;
  readonly quarantine: (worker: WorkerId, reason: string) => void;
};

export type ProofDeps = {
  readonly clock: Clock;
  readonly events: Events;
  readonly metrics: Pick<Metrics, 'probes'>;
  /** Between two probes of one worker; 0: only after errors. */
  readonly intervalMs: number;
  /** A probe that has not come to its turn after so long is given up: the worker answers others meanwhile. */
  readonly patienceMs: number;
};

/** Errors of a worker that only begins to fail come in crowds. */
const MIN_GAP_MS = 1000;

type State = {
  readonly model: Provable;
  worker: WorkerId | null;
  lastGoodAt: number | null;
  answered: number;
  running: boolean;
  /** On the clock. */
  lastTriedAt: number;
  cancel: () => void;
};

export class Proof {
  readonly #deps: ProofDeps;
  readonly #states = new Map<string, State>();

  constructor(deps: ProofDeps) {
    this.#deps = deps;
    deps.events.on('worker.state', (move) => {
      const state = this.#states.get(move.name);
      if (state === undefined) return;
      if (move.to === 'ready') this.#onReady(state, move.workerId, move.at);
      else state.cancel();
      if (move.to !== 'quarantined') return;
      const { lastGoodAt, answered } = state;
      const { name, version, workerId, reason, at } = move;
      deps.events.emit('worker.quarantine', { name, version, workerId, reason, lastGoodAt, answered, at });
    });
  }

  /** The model is watched from here on. */
  watch(model: Provable): void {
    const lastTriedAt = Number.NEGATIVE_INFINITY;
    const cancel = (): void => {};
    this.#states.set(model.name, {
      model,
      worker: null,
      lastGoodAt: null,
      answered: 0,
      running: false,
      lastTriedAt,
      cancel,
    });
  }

  /** The model is gone. */
  forget(name: string): void {
    this.#states.get(name)?.cancel();
    this.#states.delete(name);
  }

  /** What the model's router has to tell. */
  ears(name: string): WorkerWatch {
    const of = (worker: WorkerId): State | undefined => {
      const state = this.#states.get(name);
      return state?.worker === worker ? state : undefined;
    };
    return {
      answered: (worker) => {
        const state = of(worker);
        if (state !== undefined) state.answered += 1;
      },
      failed: (worker) => {
        const state = of(worker);
        if (state !== undefined && this.#deps.clock.now() - state.lastTriedAt >= MIN_GAP_MS) void this.#probe(state);
      },
      broken: (worker, fault) => of(worker)?.model.quarantine(worker, `broken answer: ${fault}`),
      probed: (worker, result) => {
        const state = of(worker);
        if (state === undefined) return;
        this.#deps.metrics.probes.inc({ model: name, result: result.passed ? 'passed' : 'failed' });
        if (!result.passed) {
          this.#deps.events.emit('probe.failed', {
            name,
            reason: result.detail,
            at: this.#deps.clock.date().getTime(),
          });
          state.model.quarantine(worker, `golden probe failed: ${result.detail}`);
          return;
        }
        state.lastGoodAt = this.#deps.clock.date().getTime();
        state.answered = 0;
        this.#arm(state);
      },
    };
  }

  #onReady(state: State, worker: WorkerId | null, at: number): void {
    state.worker = worker;
    // It is ready because its probe has passed.
    state.lastGoodAt = at;
    state.answered = 0;
    this.#arm(state);
  }

  #arm(state: State): void {
    state.cancel();
    const { intervalMs, clock } = this.#deps;
    if (intervalMs > 0) state.cancel = clock.after(intervalMs, () => void this.#probe(state));
  }

  async #probe(state: State): Promise<void> {
    const { model } = state;
    if (state.running || model.ready() === null) return;
    const { clock, metrics, patienceMs } = this.#deps;
    state.running = true;
    state.lastTriedAt = clock.now();
    const abort = new AbortController();
    const cancel = clock.after(patienceMs, () => {
      abort.abort(new FacepoolError('deadline_exceeded', 'the probe waited too long'));
    });
    try {
      await model.probe(abort.signal);
    } catch {
      // Nothing is known of the worker: it went away meanwhile, or had no memory for the probe, or was too busy.
      metrics.probes.inc({ model: model.name, result: 'error' });
      if (model.ready() !== null) this.#arm(state);
    } finally {
      cancel();
      state.running = false;
    }
  }
}
