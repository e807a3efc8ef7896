/**
 * Registers a new version of a model while the server runs. Nothing that serves is touched: the default stays where it
 * is, and until the last step, which is one rename, nothing outside a private folder has changed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { FacepoolError } from '../../contract/errors.ts';
import type { Manifest, ModelRole } from '../../contract/manifest.ts';
import type { InspectResult } from '../../contract/importer.ts';
import type { Settings } from '../../contract/settings.ts';
import { asStorageError } from '../../contract/storage-errors.ts';
import type { Registration, StageProgress } from '../../contract/versions.ts';
import { orAbort } from '../../util/abort.ts';
import { formatBytes } from '../../util/format.ts';
import { replacePrivate } from '../../util/private-file.ts';
import { findImported, importGraph, runtimeVersion } from '../import.ts';
import type { RunImporter, RunInspector } from '../import.ts';
import { MANIFEST_FILE } from '../manifest-file.ts';
import type { PreparedModel } from '../resolve.ts';
import { storeOptions } from '../store.ts';
import { REGISTRATION_FILE, findVersion, listVersions } from '../versions.ts';
import type { SoundVersion } from '../versions.ts';
import { openArea, removeTree } from './area.ts';
import type { Area } from './area.ts';
import { checkManifest, checkVersionName, filesOf } from './check-manifest.ts';
import { readUploadedGolden, writeGolden } from './golden-file.ts';
import { readManifestText } from './manifest-text.ts';
import type { ManifestSource } from './manifest-text.ts';
import { receiveFiles } from './receive.ts';
import type { UploadFiles } from './receive.ts';
import { duplicate, register } from './register.ts';
import { checkSpace } from './space.ts';
import type { FreeBytes } from './space.ts';
import { stageSteps } from './steps.ts';

export type StageRequest = {
  readonly model: string;
  readonly version: string;
  readonly manifest: ManifestSource;
  /** Weights and licence texts as the manifest names them, and golden tensors if there are any. */
  readonly files: UploadFiles;
  /** Who registers it: the name of a key, or of a user of this machine. */
  readonly by: string;
};

export type StageTools = {
  readonly runInspector: RunInspector;
  readonly runImporter: RunImporter;
  /** Loads the model in a process of its own, once, and lets it pass its golden probe; rejects when it does not. */
  readonly prove: (prepared: PreparedModel, signal?: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((progress: StageProgress) => void) | undefined;
  readonly now?: (() => Date) | undefined;
  readonly freeBytes?: FreeBytes | undefined;
};

const foundSchema = z.array(
  z.object({ graph: z.string(), irVersion: z.int(), opset: z.int(), nodes: z.int(), parameters: z.number() }),
);

/** Versions that are being registered now, as `<name>/<version>`, for each data directory. */
const registering = new Map<string, Set<string>>();
/** Each has a process that may take some gigabytes, and a model beside those that serve. */
const MOST_AT_A_TIME = 2;
const RETRY_AFTER_S = 10;

/**
 * @returns the version as it is registered now
 * @throws FacepoolError; then nothing is left of it:
 *   `invalid_argument` (`param`: version, manifest, files, or the name of the file at fault), `payload_too_large`,
 *   `not_found` (no such model, or none that is served), `conflict` (there is such a version, or it is being registered),
 *   `queue_full` (so many others are being registered), `storage_full`,
 *   `model_failed` (a file that is no sound model, or ended the process that looked at it), what `prove` rejects with;
 *   or the signal's reason
 */
export async function stageVersion(
  settings: Settings,
  request: StageRequest,
  tools: StageTools,
): Promise<SoundVersion> {
  const { model, version } = request;
  const configured = settings.models[model];
  if (configured?.enabled !== true) {
    const detail =
      configured === undefined ? `there is no model "${model}"` : `${model} is switched off in the settings`;
    throw new FacepoolError('not_found', detail);
  }
  checkVersionName(version);
  const active = registering.get(settings.data_dir) ?? new Set();
  registering.set(settings.data_dir, active);
  const key = `${model}/${version}`;
  if (active.has(key))
    throw new FacepoolError('conflict', `${model}/${version} is being registered`, { param: 'version' });
  if (active.size >= MOST_AT_A_TIME) {
    const detail = `${MOST_AT_A_TIME} versions are being registered already; come again when one of them is done`;
    throw new FacepoolError('queue_full', detail, { retryAfterS: RETRY_AFTER_S });
  }
  active.add(key);
  const children: Promise<unknown>[] = [];
  try {
    return await stageAlone(settings, request, tools, children);
  } catch (error) {
    tools.signal?.throwIfAborted();
    throw asStorageError(error);
  } finally {
    const ended = Promise.allSettled(children).then(() => active.delete(key));
    // Whoever gave up does not wait for processes that end; the name is theirs until they have.
    if (tools.signal?.aborted !== true) await ended;
  }
}

type Staging = {
  readonly settings: Settings;
  readonly request: StageRequest;
  readonly tools: StageTools;
  readonly manifest: Manifest;
  readonly area: Area;
};

/** @param children gets what runs in other processes */
async function stageAlone(
  settings: Settings,
  request: StageRequest,
  tools: StageTools,
  children: Promise<unknown>[],
): Promise<SoundVersion> {
  const { signal } = tools;
  const steps = stageSteps(tools.onStep);
  const { text, manifest } = await steps.run('check', () => check(settings, request));
  signal?.throwIfAborted();
  const area = await openArea(settings);
  const staging: Staging = { settings, request, tools, manifest, area };
  const child = <T>(work: Promise<T>): Promise<T> => {
    children.push(work);
    return orAbort(work, signal);
  };
  try {
    const isGiven = await steps.run(
      'receive',
      () => receive(staging),
      () => sizeOf(manifest),
    );
    replacePrivate(join(area.versionDir, MANIFEST_FILE), text);
    const given = isGiven ? await readUploadedGolden(area.versionDir, manifest) : null;
    const inspected = await steps.run('inspect', () => child(inspect(staging)), describe);
    const golden = given ?? (await writeGolden(area.versionDir, manifest, inspected.golden));
    const graphPaths = await steps.run('import', () => child(importAll(staging)));
    await steps.run('prove', () => child(tools.prove({ manifest, golden, graphPaths, missing: [] }, signal)));
    return await steps.run('register', () => {
      signal?.throwIfAborted();
      writeRegistration(staging, inspected, given === null ? 'made' : 'uploaded', steps.times());
      return register(settings, manifest, area);
    });
  } finally {
    await removeTree(area.dir);
    // A child that is told to end may still write for a moment.
    children.push(Promise.allSettled(children).then(() => removeTree(area.dir)));
  }
}

async function check(settings: Settings, request: StageRequest): Promise<{ text: string; manifest: Manifest }> {
  const { model, version } = request;
  const text = await readManifestText(settings, request.manifest);
  const manifest = checkManifest(text, { model, version, role: await roleOf(settings, model) });
  if ((await findVersion(settings, model, version)) !== null) throw duplicate(model, version);
  return { text, manifest };
}

/** What the versions of a model are: first the one that the settings name is asked. */
async function roleOf(settings: Settings, model: string): Promise<ModelRole> {
  const configured = settings.models[model]?.version;
  const versions = (await listVersions(settings, model)).filter(({ problem }) => problem === null);
  const known = versions.find(({ version }) => version === configured) ?? versions[0];
  if (known?.manifest) return known.manifest.role;
  throw new FacepoolError('conflict', `no version of ${model} can be read, so nobody knows what its versions must do`);
}

/** @returns true when golden tensors came with it */
async function receive({ settings, request, tools, manifest, area }: Staging): Promise<boolean> {
  const expected = filesOf(manifest);
  const { cacheDir } = storeOptions(settings);
  await mkdir(cacheDir, { recursive: true });
  const bytes = [...expected.weights.values()].reduce((sum, weight) => sum + weight.bytes, 0);
  await checkSpace([area.dir, cacheDir], bytes, tools.freeBytes);
  return receiveFiles(request.files, {
    settings,
    expected,
    target: (name) => join(expected.weights.has(name) ? area.weightsDir : area.versionDir, name),
    signal: tools.signal,
  });
}

async function inspect({ manifest, area, tools }: Staging): Promise<InspectResult> {
  const sources = Object.fromEntries(manifest.graphs.map(({ id, file }) => [id, join(area.weightsDir, file)]));
  const found: InspectResult = await tools.runInspector({ manifest, sources }, tools.signal);
  // The child may have said anything: the golden tensors are checked where they are written.
  if (!foundSchema.safeParse(found.graphs).success) {
    throw new FacepoolError('model_failed', 'what the importer found in the files makes no sense');
  }
  return found;
}

/** Graph id → path of the imported graph: of another version that had the same, or made in the private folder. */
async function importAll({ settings, manifest, area, tools }: Staging): Promise<Record<string, string>> {
  const runtime = await runtimeVersion();
  const paths: Record<string, string> = {};
  for (const graph of manifest.graphs) {
    tools.signal?.throwIfAborted();
    paths[graph.id] =
      (await findImported(settings.data_dir, graph, runtime)) ??
      (await importGraph({
        dataDir: area.dir,
        source: join(area.weightsDir, graph.file),
        graph,
        runtimeVersion: runtime,
        runImporter: tools.runImporter,
        signal: tools.signal,
      }));
  }
  return paths;
}

function writeRegistration(
  { request, tools, manifest, area }: Staging,
  inspected: InspectResult,
  golden: Registration['golden'],
  times: Registration['steps_ms'],
): void {
  const graphs = inspected.graphs.flatMap(({ graph, irVersion, opset, nodes, parameters }) => {
    const spec = manifest.graphs.find(({ id }) => id === graph);
    if (spec === undefined) return [];
    const { file, bytes } = spec;
    return [{ graph, file, bytes, ir_version: irVersion, opset, nodes, parameters }];
  });
  const at = (tools.now?.() ?? new Date()).toISOString();
  const record: Registration = { schema: 1, at, by: request.by, golden, graphs, steps_ms: times };
  replacePrivate(join(area.versionDir, REGISTRATION_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

function sizeOf({ graphs }: Manifest): string {
  return formatBytes(graphs.reduce((sum, { bytes }) => sum + bytes, 0));
}

function describe({ graphs }: InspectResult): string {
  return graphs.map(({ graph, opset, nodes }) => `${graph}: opset ${opset}, ${nodes} operators`).join('; ');
}
