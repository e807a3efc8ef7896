/**
 * Versions of the real models, made while a server runs: sound ones that answer the same or visibly otherwise, and one for
 * each way of being broken. They are written where registered versions lie, past all checks of registering: what is wrong
 * with them a swap has to find out.
 */
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { GraphSpec, Manifest } from '../../../src/contract/manifest.ts';
import { loadManifest, MANIFEST_FILE } from '../../../src/models/manifest-file.ts';
import { type FileFault, isFileFault, needsOwnWeights, spoil, type SwapFault } from './swap-faults.ts';
import {
  bundledDir,
  type Look,
  type ModelName,
  sha256,
  sharedWeights,
  STRICT,
  type VersionParts,
} from './swap-parts.ts';
import { MODEL_OF, type Worse, worsen } from './swap-worse.ts';

export type MadeVersion = {
  readonly model: ModelName;
  readonly version: string;
  readonly look: Look;
  readonly fault: SwapFault | null;
};

export type VersionFactory = {
  /** A folder that has to be among `store.mirrors` of the server. */
  readonly mirror: string;
  /** @param fresh true: weights of its own, which have to be imported; false: those that came with the server */
  sound(model: ModelName, look: Look, fresh: boolean): Promise<MadeVersion>;
  broken(model: ModelName, fault: SwapFault): Promise<MadeVersion>;
  /** It passes every probe; only traffic shows what is wrong with it. */
  worse(how: Worse): Promise<MadeVersion>;
  /** The fields of an upload; nothing is written. */
  upload(
    model: ModelName,
    look: Look,
    fault?: FileFault,
  ): Promise<{ readonly made: MadeVersion; readonly form: FormData }>;
  /** Its files are gone. */
  remove(made: Pick<MadeVersion, 'model' | 'version'>): void;
};

export function versionFactory(dataDir: string): VersionFactory {
  const mirror = path.join(dataDir, 'mirror');
  mkdirSync(mirror, { recursive: true });
  let count = 0;
  const nameOf = (what: string): string => `v${++count}-${what.replaceAll(' ', '-')}`;
  const dirOf = (model: string, version: string): string => path.join(dataDir, 'models', model, version);

  const write = (model: ModelName, version: string, parts: VersionParts): void => {
    for (const [file, bytes] of parts.weights) writeFileSync(path.join(mirror, file), bytes);
    const dir = dirOf(model, version);
    // Complete before it can be seen; names with a dot are not looked at.
    const hidden = path.join(path.dirname(dir), `.${version}`);
    mkdirSync(hidden, { recursive: true });
    for (const [file, bytes] of parts.licences) writeFileSync(path.join(hidden, file), bytes);
    writeFileSync(path.join(hidden, parts.manifest.golden.file), parts.golden);
    writeFileSync(path.join(hidden, MANIFEST_FILE), textOf(parts));
    renameSync(hidden, dir);
  };

  return {
    mirror,
    async sound(model, look, fresh) {
      const version = nameOf(fresh ? `${look}-fresh` : look);
      write(model, version, await compose(model, version, look, fresh));
      return { model, version, look, fault: null };
    },
    async broken(model, fault) {
      const version = nameOf(fault);
      const parts = await compose(model, version, 'plain', needsOwnWeights(fault));
      write(model, version, isFileFault(fault) ? await spoil(parts, fault, dataDir) : parts);
      return { model, version, look: 'plain', fault };
    },
    async worse(how) {
      const model = MODEL_OF[how];
      const version = nameOf(how);
      write(model, version, await worsen(await compose(model, version, 'plain', true), how, mirror));
      return { model, version, look: 'plain', fault: null };
    },
    async upload(model, look, fault) {
      const version = nameOf(`uploaded-${fault ?? look}`);
      const sound = await compose(model, version, look, true);
      const parts = fault === undefined ? sound : await spoil(sound, fault, dataDir);
      const form = new FormData();
      form.append('version', version);
      form.append('manifest', textOf(parts));
      for (const [file, bytes] of parts.licences) form.append('licence', blob(bytes), file);
      form.append('golden', blob(parts.golden), parts.manifest.golden.file);
      for (const [file, bytes] of parts.weights) form.append('files', blob(bytes), file);
      return { made: { model, version, look, fault: fault ?? null }, form };
    },
    remove({ model, version }) {
      rmSync(dirOf(model, version), { recursive: true, force: true });
      for (const file of globSync(`${version}-*`, { cwd: mirror })) rmSync(path.join(mirror, file), { force: true });
    },
  };
}

function textOf({ manifest, text }: VersionParts): string {
  return text ?? stringify(manifest);
}

function blob(bytes: Uint8Array): Blob {
  return new Blob([new Uint8Array(bytes)]);
}

/** The version that came with the server, under another name and with another look. Without second opinions. */
async function compose(model: ModelName, version: string, look: Look, fresh: boolean): Promise<VersionParts> {
  const dir = bundledDir(model);
  const bundled = await loadManifest(dir);
  const weights = new Map<string, Uint8Array>();
  const graphs = bundled.graphs
    .filter(({ use }) => use !== 'opinion')
    .map((graph): GraphSpec => {
      if (!fresh) return graph;
      const bytes = ownBytes(readFileSync(sharedWeights(graph)), version);
      const file = `${version}-${graph.file}`;
      weights.set(file, bytes);
      return { ...graph, file, urls: [], sha256: sha256(bytes), bytes: bytes.length };
    });
  const manifest = withLook(onlyFor({ ...bundled, version, graphs }), look);
  const { licence, golden } = manifest;
  const texts = new Set([licence.file, ...(licence.parts ?? []).map(({ file }) => file)]);
  const licences = new Map([...texts].map((file) => [file, readFileSync(path.join(dir, file))]));
  return { manifest, golden: readFileSync(path.join(dir, golden.file)), licences, weights };
}

/** Without what speaks of graphs that are not there. */
function onlyFor(manifest: Manifest): Manifest {
  const ids = new Set(manifest.graphs.map(({ id }) => id));
  const { parts, ...licence } = manifest.licence;
  const kept = parts?.map((part) => ({ ...part, graphs: part.graphs.filter((id) => ids.has(id)) }));
  const some = kept?.filter((part) => part.graphs.length > 0);
  const next = { ...manifest, licence: some === undefined ? licence : { ...licence, parts: some } };
  return next.role === 'liveness' ? { ...next, liveness: { ...next.liveness, opinions: {} } } : next;
}

function withLook(manifest: Manifest, look: Look): Manifest {
  if (look === 'plain') return manifest;
  switch (manifest.role) {
    case 'detector':
      return { ...manifest, detector: { ...manifest.detector, score_threshold: STRICT.score } };
    case 'recognizer': {
      const quality = { ...manifest.recognizer.quality, usable: STRICT.usable, accepted: STRICT.accepted };
      return { ...manifest, recognizer: { ...manifest.recognizer, quality } };
    }
    case 'liveness':
      return { ...manifest, liveness: { ...manifest.liveness, threshold: STRICT.live } };
  }
}

const DOC_STRING = (6 << 3) | 2;

/** The same graph in other bytes: a doc string at its end. A field that comes twice counts as it comes last. */
function ownBytes(bytes: Uint8Array, text: string): Uint8Array {
  const doc = Buffer.from(text.slice(0, 127));
  return Buffer.concat([bytes, Buffer.from([DOC_STRING, doc.length]), doc]);
}
