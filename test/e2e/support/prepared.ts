/** Weights and imported graphs, made once per state of the project: a server that finds them is ready in a second. */
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { facepool, ROOT } from './process.ts';
import { until } from './until.ts';

const PREPARE_MS = 60_000;
const KEEP_MS = 86_400_000;
/** Everything that weights and imported graphs depend on. */
const SOURCES = ['package-lock.json', 'models/*/*/manifest.yaml', 'src/contract/importer.ts', 'workers/onnx/**/*.ts'];

let folder: Promise<string> | undefined;

/** Folder with `weights` (to be used as `store.cache_dir`) and `imported` (to be copied into a data directory). */
export function preparedModels(): Promise<string> {
  folder ??= prepare();
  return folder;
}

/** The data directory of a server that need not import anything. */
export async function fillDataDir(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  cpSync(path.join(await preparedModels(), 'imported'), path.join(dataDir, 'imported'), { recursive: true });
}

async function prepare(): Promise<string> {
  const prefix = path.join(os.tmpdir(), `facepool-e2e-${os.userInfo().uid}-`);
  const target = prefix + stateOfProject();
  if (isOurs(target)) return target;
  removeOld(prefix);
  const made = mkdtempSync(`${target}.`);
  try {
    await serveOnce(made);
    // Test files run side by side: the first one to get here wins.
    renameSync(made, target);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!isOurs(target)) throw error;
  }
  return target;
}

/** Other states of the project that nobody has made for a day. */
function removeOld(prefix: string): void {
  for (const dir of globSync(`${prefix}*`)) {
    const made = statSync(dir, { throwIfNoEntry: false });
    if (made !== undefined && Date.now() - made.mtimeMs > KEEP_MS) rmSync(dir, { recursive: true, force: true });
  }
}

async function serveOnce(dataDir: string): Promise<void> {
  const server = facepool(['start', '--data-dir', dataDir, '--port', '0'], { FACEPOOL_STORE_OFFLINE: 'true' });
  try {
    await until(`a first start\n${server.stderr()}`, PREPARE_MS, () => server.stdout().includes('"msg":"serving"'));
  } finally {
    server.kill('SIGTERM');
    await server.exited;
  }
}

function isOurs(dir: string): boolean {
  const found = statSync(dir, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === os.userInfo().uid;
}

function stateOfProject(): string {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: ROOT }).sort()) {
    hash.update(`${file}\n`).update(readFileSync(path.join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
