/** A real other process that holds memory beside a server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, ROOT } from './process.ts';
import { memAvailable } from './proc.ts';
import { until } from './until.ts';

const PROGRAM = fileURLToPath(new URL('../../fixtures/tenant.ts', import.meta.url));

export type TenantMode = 'ok' | 'error' | 'slow' | 'late';
export type TenantState = {
  readonly holds: boolean;
  /** Of the process with the memory. */
  readonly pid: number | null;
  readonly asked: { readonly unload: number; readonly load: number };
};

export type TestTenant = {
  readonly url: string;
  readonly megabytes: number;
  readonly state: () => Promise<TenantState>;
  readonly mode: (mode: TenantMode) => Promise<void>;
  /** Takes its memory back, as its own users would make it do; resolves when it holds it. */
  readonly load: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Resolves when it holds its memory. */
export async function startTenant(megabytes: number): Promise<TestTenant> {
  const child = spawn(process.execPath, [PROGRAM, String(megabytes)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { port } = JSON.parse(line.toString()) as { readonly port: number };
  const url = `http://127.0.0.1:${port}`;
  const state = async (): Promise<TenantState> => (await (await fetch(url)).json()) as TenantState;
  return {
    url,
    megabytes,
    state,
    mode: async (mode) => void (await fetch(`${url}/mode?is=${mode}`)),
    load: async () => void (await fetch(`${url}/api/models/load`)),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const { pid } = await state();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      // The next test measures how much memory there is.
      if (pid !== null) await until('its memory is free', 10_000, () => !isAlive(pid));
    },
  };
}

/** So large that the noise of others is small beside it; some machines need seconds to touch a gigabyte. */
export function tenantMegabytes(): number {
  return Math.min(3000, Math.floor(memAvailable().available / 1e6 / 4));
}

/**
 * The headroom with which models have the tenant's memory and a quarter of it more, so that a detector that asks for
 * half of it (`hungryDetector`) fits without the tenant only.
 */
export async function headroomFor({ megabytes, state }: TestTenant): Promise<number> {
  const { holds } = await state();
  return Math.floor((await calmAvailable()) / 1e6 + (holds ? megabytes : 0) - megabytes * 1.25);
}

/** What is available once nobody gives back or takes much: gigabytes of a killed process need a moment. */
async function calmAvailable(): Promise<number> {
  let last = memAvailable().available;
  let calm = 0;
  await until('memory is calm', 10_000, () => {
    const { available } = memAvailable();
    calm = Math.abs(available - last) < 20e6 ? calm + 1 : 0;
    last = available;
    return calm >= 15;
  });
  return last;
}

/** A copy of the manifests in which the detector wants so much; the noise of a machine is small beside it. */
export function hungryDetector(dir: string, megabytes: number): string {
  const models = path.join(dir, 'models');
  cpSync(path.join(ROOT, 'models'), models, { recursive: true });
  const file = path.join(models, 'detector', 'yunet-n', 'manifest.yaml');
  const manifest = readFileSync(file, 'utf8');
  writeFileSync(file, manifest.replace(/^( *load_peak_mb:) \d+/m, `$1 ${Math.floor(megabytes)}`));
  return models;
}

/** Settings of a server that knows the tenant. */
export function tenantSettings(tenant: TestTenant, timeoutMs: number, comesBack: boolean): Record<string, unknown> {
  const reacquire = comesBack ? { reacquire: { url: `${tenant.url}/api/models/load`, method: 'POST' } } : {};
  return {
    device: 'cpu',
    holds_mb: tenant.megabytes,
    timeout_ms: timeoutMs,
    release: { url: `${tenant.url}/api/models/unload`, method: 'POST' },
    ...reacquire,
  };
}
