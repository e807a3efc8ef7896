/** The ways in which a version of a model is broken. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type GraphSpec, goldenSchema, type Manifest } from '../../../src/contract/manifest.ts';
import { importedPath, runtimeVersion } from '../../../src/models/import.ts';
import { loadManifest } from '../../../src/models/manifest-file.ts';
import { bundledDir, sha256, type VersionParts } from './swap-parts.ts';

/** What is wrong in its files. */
export const FILE_FAULTS = [
  'wrong sha256',
  'truncated graph',
  'random bytes',
  'unknown operator',
  'wrong golden',
  'missing output',
  'missing weights',
  'refused at load',
  'another role',
  'unreadable manifest',
  'never fits',
] as const;
export type FileFault = (typeof FILE_FAULTS)[number];
/** What happens to the process of a version whose files are sound. */
export const PROCESS_FAULTS = ['killed while it loads', 'hangs while it loads'] as const;
export type ProcessFault = (typeof PROCESS_FAULTS)[number];
export type SwapFault = FileFault | ProcessFault;
export const FAULTS: readonly SwapFault[] = [...FILE_FAULTS, ...PROCESS_FAULTS];

const OWN_WEIGHTS: ReadonlySet<SwapFault> = new Set<SwapFault>([
  'wrong sha256',
  'truncated graph',
  'random bytes',
  'unknown operator',
  'missing weights',
  'refused at load',
]);

export function isFileFault(fault: SwapFault): fault is FileFault {
  return fault !== 'killed while it loads' && fault !== 'hangs while it loads';
}

export function needsOwnWeights(fault: SwapFault): boolean {
  return OWN_WEIGHTS.has(fault);
}

/** More than any machine has. */
const NEVER_MB = 100_000_000;

/** @param dataDir of the server, for what it would have made itself */
export async function spoil(parts: VersionParts, fault: FileFault, dataDir: string): Promise<VersionParts> {
  const { manifest } = parts;
  switch (fault) {
    case 'wrong sha256':
      return { ...parts, weights: changed(parts, flipped) };
    case 'truncated graph':
      return withWeights(parts, half);
    case 'random bytes':
      return withWeights(parts, (bytes) => randomBytes(bytes.length));
    case 'unknown operator':
      return withWeights(parts, unknownOperator);
    case 'wrong golden':
      return { ...parts, golden: wrongGolden(parts) };
    case 'missing output':
      return withOneOutputMore(parts);
    case 'missing weights':
      return { ...parts, weights: new Map() };
    case 'refused at load': {
      // As if the disk had lost half of what was imported.
      const runtime = await runtimeVersion();
      for (const graph of manifest.graphs) {
        const bytes = parts.weights.get(graph.file);
        if (bytes !== undefined) writeFileSync(importedPath(dataDir, graph, runtime), half(bytes));
      }
      return parts;
    }
    case 'another role': {
      const other = manifest.role === 'detector' ? 'recognizer' : 'detector';
      const { name, version } = manifest;
      const { parts: _parts, ...licence } = manifest.licence;
      const foreign = await loadManifest(bundledDir(other));
      return { ...parts, text: stringify({ ...foreign, name, version, licence }) };
    }
    case 'unreadable manifest':
      return { ...parts, text: stringify(manifest).replace('graphs:', 'graphs: [') };
    case 'never fits':
      return { ...parts, manifest: { ...manifest, memory: { load_peak_mb: NEVER_MB } } };
  }
}

const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length >> 1);

function flipped(bytes: Uint8Array): Uint8Array {
  const other = Buffer.from(bytes);
  const at = other.length >> 1;
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

/** Every convolution is an operator that there is not. */
function unknownOperator(bytes: Uint8Array): Uint8Array {
  const [field, conv, konv] = [Buffer.from([(4 << 3) | 2, 4]), Buffer.from('Conv'), Buffer.from('Konv')];
  const other = Buffer.from(bytes);
  const wanted = Buffer.concat([field, conv]);
  for (let at = other.indexOf(wanted); at >= 0; at = other.indexOf(wanted, at + 1)) konv.copy(other, at + field.length);
  return other;
}

/** The bytes of the first graph changed, its manifest as it was. */
function changed(parts: VersionParts, change: (bytes: Uint8Array) => Uint8Array): Map<string, Uint8Array> {
  const [first] = parts.weights;
  if (first === undefined) throw new Error('there are no weights to change');
  return new Map(parts.weights).set(first[0], change(first[1]));
}

/** The same, and the manifest says so: size and sha256 are those of the file. */
function withWeights(parts: VersionParts, change: (bytes: Uint8Array) => Uint8Array): VersionParts {
  const weights = changed(parts, change);
  const graphs = parts.manifest.graphs.map((graph): GraphSpec => {
    const bytes = weights.get(graph.file);
    return bytes === undefined ? graph : { ...graph, sha256: sha256(bytes), bytes: bytes.length };
  });
  return { ...parts, manifest: { ...parts.manifest, graphs }, weights };
}

const FLOAT_BYTES = 4;

/** The outputs of another picture, as far as anybody can tell. */
function wrongGolden(parts: VersionParts): Uint8Array {
  const golden = goldenSchema.parse(JSON.parse(Buffer.from(parts.golden).toString()));
  for (const graph of Object.values(golden.graphs)) {
    for (const output of Object.values(graph.outputs)) {
      const floats = new Float32Array(new Uint8Array(Buffer.from(output.data, 'base64')).buffer);
      const other = floats.map((value, i) => (i % 2 === 0 ? 1 - value : value - 3));
      output.data = Buffer.from(other.buffer, 0, other.length * FLOAT_BYTES).toString('base64');
    }
  }
  return Buffer.from(JSON.stringify(golden));
}

/** The manifest names an output that the graph has not; its golden tensors are there. */
function withOneOutputMore(parts: VersionParts): VersionParts {
  const [first, ...rest] = parts.manifest.graphs;
  if (first === undefined) throw new Error('there is no graph');
  const golden = goldenSchema.parse(JSON.parse(Buffer.from(parts.golden).toString()));
  const [known] = first.outputs;
  const entry = golden.graphs[first.id];
  const output = entry?.outputs[known ?? ''];
  if (entry === undefined || output === undefined) throw new Error('there are no golden tensors');
  entry.outputs['nowhere'] = output;
  const graphs = [{ ...first, outputs: [...first.outputs, 'nowhere'] }, ...rest];
  const manifest: Manifest = { ...parts.manifest, graphs };
  return { ...parts, manifest, golden: Buffer.from(JSON.stringify(golden)) };
}
