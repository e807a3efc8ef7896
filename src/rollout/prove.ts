/** A version is started beside the others and proven: loaded, warmed, golden probe, and a few runs through its real queue. */
import { FacepoolError } from '../contract/errors.ts';
import type { WorkerState } from '../contract/lifecycle.ts';
import type { SwapStep } from '../contract/rollout.ts';
import type { Clock } from '../util/clock.ts';
import { pause } from '../util/pause.ts';
import type { OneLoad } from './one-load.ts';
import type { Loaded, RolloutPorts } from './ports.ts';
import type { SwapRecord } from './swap-log.ts';

export type ProveDeps = {
  readonly ports: Pick<RolloutPorts, 'load' | 'measure' | 'stop'>;
  readonly clock: Clock;
  readonly settings: { readonly rollout: { readonly retries: number } };
  /** Null: it does not wait for other loads, because people wait for it. */
  readonly loads: OneLoad | null;
};

/** The step that a worker's state belongs to. */
const STEP_OF: Partial<Record<WorkerState, SwapStep>> = { starting: 'start', loading: 'load', warming: 'warm' };
const FIRST_WAIT_MS = 1000;
const MB = 1_000_000;

/** Rejects with what went wrong, or with the signal's reason. Only want of memory is tried again: a bad file stays bad. */
export async function proveVersion(
  deps: ProveDeps,
  record: SwapRecord,
  entry: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    record.set({ attempts: attempt });
    try {
      await inTurn(deps, record, signal, () => loadOnce(deps, record, entry, signal));
      break;
    } catch (error) {
      const mayRetry = error instanceof FacepoolError && error.code === 'memory_exhausted';
      if (!mayRetry || signal.aborted || attempt > deps.settings.rollout.retries) throw error;
      await deps.ports.stop(entry, 'no memory for it');
      await pause(deps.clock, FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
    }
  }
  const end = record.step('measure');
  const times = [...(await deps.ports.measure(entry, signal))].sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  end(median === undefined ? '' : `golden probe ${median.toFixed(1)} ms (median of ${times.length})`);
}

async function inTurn(
  { loads }: ProveDeps,
  record: SwapRecord,
  signal: AbortSignal,
  load: () => Promise<void>,
): Promise<void> {
  if (loads === null) return load();
  const end = loads.isBusy ? record.step('start', 'another version is loaded first') : () => {};
  return loads.run(signal, () => {
    end();
    return load();
  });
}

async function loadOnce(deps: ProveDeps, record: SwapRecord, entry: string, signal: AbortSignal): Promise<void> {
  let end: (detail?: string) => void = () => {};
  let loaded: Loaded;
  try {
    loaded = await deps.ports.load(entry, signal, (state) => {
      const step = STEP_OF[state];
      if (step === undefined) return;
      end();
      end = record.step(step);
    });
    end(loaded.bytes === null ? undefined : `holds ${Math.round(loaded.bytes / MB)} MB`);
  } catch (error) {
    end('failed');
    throw error;
  }
  record.add('golden', loaded.phasesMs['golden'] ?? 0, 'passed');
}
