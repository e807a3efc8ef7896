/** Does everything that should answer really answer? */
import type { ReadyCheck } from '../contract/services.ts';
import { IMAGING } from '../supervisor/imaging-role.ts';
import type { ModelEntry } from '../supervisor/model-entry.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { ControlDeps } from './control-deps.ts';

/** A grey 8×8 PNG: what imaging decodes to show that it can. */
const PROBE_PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAD0lEQVQImWNowAEYhpYEAILzYAEeEbvlAAAAAElFTkSuQmCC',
  'base64',
);
/** Imaging and every resident model; on-demand models do not count, and are not loaded for this. */
export function checkAll(deps: ControlDeps): Promise<ReadyCheck[]> {
  const signal = AbortSignal.timeout(deps.settings.workers.infer_timeout_ms);
  const { supervisor } = deps;
  return Promise.all([
    check(IMAGING, supervisor.imaging, () => probeImaging(deps, signal)),
    ...[...supervisor.models.values()]
      .filter((entry) => isResident(entry))
      .map((entry) => check(entry.name, entry.process, () => probeModel(entry, deps, signal))),
  ]);
}

/** A process that is not ready is not waited for: readiness is asked now. */
async function check(
  name: string,
  process: Supervisor['imaging'] | ModelEntry['process'],
  probe: () => Promise<string>,
): Promise<ReadyCheck> {
  const { state } = process;
  if (state.state !== 'ready') return { name, ok: false, detail: `${state.state}: ${state.reason}` };
  try {
    return { name, ok: true, detail: await probe() };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function probeImaging(deps: ControlDeps, signal: AbortSignal): Promise<string> {
  const geometry = { maxPixels: deps.settings.limits.pixels, fit: 640, multipleOf: 32 };
  const { value } = await deps.imaging.open({ bytes: PROBE_PICTURE, geometry, signal, charges: { count: 0 } });
  value.close();
  return `decoded a picture in ${value.decodeMs.toFixed(1)} ms`;
}

async function probeModel(entry: ModelEntry, deps: ControlDeps, signal: AbortSignal): Promise<string> {
  const router = deps.routers.get(entry.name);
  if (router === undefined) throw new Error('has no router');
  const { value } = await router.probe(signal);
  if (!value.passed) throw new Error(`golden probe failed: ${value.detail}`);
  return `golden probe passed, cosine ${value.minCosine.toFixed(6)}`;
}

function isResident(entry: ModelEntry): boolean {
  return entry.settings.residency === 'resident';
}
