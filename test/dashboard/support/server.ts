/** The real HTTP layer and the real page, with made-up figures behind them. */
import type { TestContext } from 'node:test';
import type { Finding, Observatory } from '../../../src/contract/history.ts';
import type { FacesAnswer } from '../../../src/contract/results.ts';
import { type FakeObservatory, fakeObservatory } from '../../http/support/observatory.ts';
import { MODEL_STATUS, startServer, type TestServer, type TestServerOptions } from '../../http/support/server.ts';
import { madeUpAlerts, madeUpGpu, madeUpHistory } from './made-up.ts';
import { madeUpPeople } from './people.ts';
import { madeUpRollout } from './rollout.ts';

const FINDINGS: readonly Omit<Finding, 'from' | 'to'>[] = [
  {
    ...{ code: 'input_bound', severity: 'warning', subject: 'GPU 1' },
    text: 'GPU 1 is at 22 % while the CPU is at 86 %: pictures are decoded slower than the models could work.',
    numbers: { gpu_util: 22, cpu_util: 86 },
  },
  {
    ...{ code: 'oversized_gpu', severity: 'info', subject: 'GPU 1' },
    text: 'GPU 1 was below 20 % all day and its models need 1.9 GiB: a card with 4 GiB would do.',
    numbers: { gpu_util: 12, memory_needed_gib: 1.9 },
  },
];

export type MadeUpOptions = TestServerOptions & { readonly gpus?: boolean; readonly own?: Partial<Observatory> };

export type MadeUpServer = TestServer & { readonly observatory: FakeObservatory };

export async function startMadeUp(t: TestContext, options: MadeUpOptions = {}): Promise<MadeUpServer> {
  const madeUp = { now: () => Date.now(), gpus: options.gpus !== false };
  const iso = (ms: number): string => new Date(ms).toISOString();
  const observatory = fakeObservatory({
    gpu: () => madeUpGpu(madeUp),
    history: async (query) => madeUpHistory(query, madeUp),
    alerts: () => madeUpAlerts(Date.now() / 1000),
    insight: async (from, to) => ({
      from: iso(from),
      to: iso(to),
      findings: FINDINGS.map((finding) => ({ ...finding, from: iso(from), to: iso(to) })),
    }),
    ...options.own,
  });
  const control = {
    status: () => [
      MODEL_STATUS,
      {
        ...MODEL_STATUS,
        name: 'recognizer',
        state: 'failed',
        reason: 'ended 4 times in a row',
        restarts: 4,
        pid: null,
      },
      { ...MODEL_STATUS, name: 'imaging', kind: 'imaging' as const, role: null, licence: null, residency: null },
    ],
  };
  const server = await startServer({
    observatory,
    dashboard: true,
    control,
    changes: madeUpRollout().changes,
    people: madeUpPeople().people,
    limits: { upload_bytes: 20_000_000, upload_memory_bytes: 100_000_000 },
    ...options,
  });
  t.after(() => server.close());
  return { ...server, observatory };
}

/** Two faces of a picture of 400 × 300. */
export function twoFaces(requestId: string): FacesAnswer {
  const face = (x: number, label: 'live' | 'spoof') => ({
    box: { x_min: x, y_min: 60, x_max: x + 100, y_max: 190 },
    det_score: 0.98,
    landmarks: [x + 30, x + 70, x + 50, x + 35, x + 65].map((at, i): [number, number] => [at, 90 + 20 * i]),
    quality: { score: 0.8, usable: true, reasons: [] },
    ood: { score: 0.9, threshold: 0.5, accepted: true, raw: 0.9, raw_direction: 'higher_is_better' as const },
    liveness: { label, score: label === 'live' ? 0.97 : 0.04, threshold: 0.5, opinions: [] },
  });
  return {
    request_id: requestId,
    image: { width: 400, height: 300, format: 'png', orientation_applied: false },
    faces: [face(40, 'live'), face(240, 'spoof')],
    models: { detector: { version: 'yunet-n', alias: 'stable', provider: 'cpu' } },
    timings_ms: { queue: 0.2, decode: 3.1, detect: 8.9, embed: 14.2, liveness: 11, total: 29.4 },
  };
}
