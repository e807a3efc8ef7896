/** The answer of a golden probe, checked. */
import type { ProbeResult } from '../contract/protocol.ts';

export function isProbeResult(value: unknown): value is ProbeResult {
  const { passed, minCosine, detail } = (value ?? {}) as Partial<Record<keyof ProbeResult, unknown>>;
  return typeof passed === 'boolean' && typeof minCosine === 'number' && typeof detail === 'string';
}
