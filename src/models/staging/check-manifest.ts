/** Is this manifest one that may be registered? Everything that can be known before the first byte of a weight is taken. */
import { FacepoolError } from '../../contract/errors.ts';
import type { GraphSpec, Manifest, ModelRole } from '../../contract/manifest.ts';
import { versionName } from '../../contract/rollout.ts';
import { MANIFEST_FILE, parseManifest } from '../manifest-file.ts';
import { REGISTRATION_FILE } from '../versions.ts';
import { invalid, quoted } from './refuse.ts';

/** An ONNX file is a protobuf message, which ends here. */
const MOST_WEIGHT_BYTES = 2 ** 31 - 1;
const MOST_NAME_CHARS = 128;
const MOST_GRAPHS = 16;
/** Larger pictures than these are no faces, and a manifest of them would take the memory of the server at its first load. */
const MOST_SIDE = 4096;
const MOST_INPUT_BYTES = 64 * 1024 * 1024;
const MOST_WARM_SHAPES = 32;
/** Each is warmed up at every start. */
const MOST_BATCHES = 16;
/** Twice the widest that face models use. Every pixel of the area is read for each face. */
const MOST_MARGIN = 8;
/** Below it the golden probe would find nothing. */
const LEAST_COSINE = 0.9;

/** @throws FacepoolError `invalid_argument` with `param: version` */
export function checkVersionName(version: string): void {
  const parsed = versionName.safeParse(version);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw invalid('version', `${quoted(version)} cannot be a version: ${issue?.message ?? 'another syntax is needed'}`);
}

export type Wanted = {
  readonly model: string;
  readonly version: string;
  /** Of the versions that the model has. */
  readonly role: ModelRole;
};

/** @throws FacepoolError `invalid_argument` with `param: manifest` */
export function checkManifest(text: string, wanted: Wanted): Manifest {
  const manifest = parsed(text);
  const { model, version, role } = wanted;
  if (manifest.role !== role) {
    throw invalid(
      'manifest',
      `the manifest is of a ${manifest.role}; the versions of ${model} are of the role ${role}`,
    );
  }
  if (manifest.name !== model || manifest.version !== version) {
    const said = `${manifest.name}/${manifest.version}`;
    throw invalid('manifest', `the manifest says it is ${said}; it is registered as ${model}/${version}`);
  }
  const problem = graphsProblem(manifest) ?? namesProblem(manifest) ?? sizesProblem(manifest);
  if (problem !== null) throw invalid('manifest', problem);
  return manifest;
}

function parsed(text: string): Manifest {
  try {
    return parseManifest(text, MANIFEST_FILE);
  } catch (error) {
    if (!(error instanceof FacepoolError)) throw error;
    throw invalid('manifest', error.message, error);
  }
}

/** Graphs of each use that a role has: from, to. */
const USES: Readonly<Record<ModelRole, Partial<Record<GraphSpec['use'], readonly [number, number]>>>> = {
  detector: { detect: [1, 1] },
  recognizer: { embedding: [1, 1], quality: [0, 1] },
  liveness: { liveness: [1, 1], opinion: [0, MOST_GRAPHS] },
};

function graphsProblem({ role, graphs }: Manifest): string | null {
  if (graphs.length > MOST_GRAPHS) return `${graphs.length} graphs; ${MOST_GRAPHS} is the most`;
  const allowed = USES[role];
  const stranger = graphs.find((graph) => allowed[graph.use] === undefined);
  if (stranger !== undefined) return `the graph "${stranger.id}" is for ${stranger.use}, which a ${role} has not`;
  for (const [use, [least, most]] of Object.entries(allowed)) {
    const count = graphs.filter((graph) => graph.use === use).length;
    if (count < least || count > most)
      return `a ${role} has ${least === 0 ? 'at most ' : ''}one graph for ${use}, not ${count}`;
  }
  return null;
}

/** The names of every file that belongs to a version, and what each is. */
export type VersionFiles = {
  /** Two graphs may be of one file. */
  readonly weights: ReadonlyMap<string, GraphSpec>;
  readonly licences: ReadonlySet<string>;
  readonly golden: string;
};

export function filesOf(manifest: Manifest): VersionFiles {
  const { licence, graphs, golden } = manifest;
  return {
    weights: new Map(graphs.map((graph) => [graph.file, graph])),
    licences: new Set([licence.file, ...(licence.parts ?? []).map((part) => part.file)]),
    golden: golden.file,
  };
}

function namesProblem(manifest: Manifest): string | null {
  const { weights, licences, golden } = filesOf(manifest);
  for (const graph of manifest.graphs) {
    const other = weights.get(graph.file);
    if (other !== undefined && (other.sha256 !== graph.sha256 || other.bytes !== graph.bytes)) {
      return `${graph.file} has two sizes or sha256 sums`;
    }
    if (!graph.file.endsWith('.onnx')) return `${graph.file}: the files of graphs end in .onnx`;
    if (graph.bytes > MOST_WEIGHT_BYTES) return `${graph.file}: 2 GB is the most that ONNX allows`;
  }
  const names = [...weights.keys(), ...licences, golden];
  const long = names.find((name) => name.length > MOST_NAME_CHARS);
  if (long !== undefined) return `the file name ${quoted(long)} has more than ${MOST_NAME_CHARS} characters`;
  const reserved = names.find((name) => name === MANIFEST_FILE || name === REGISTRATION_FILE);
  if (reserved !== undefined) return `no file of a version may be called ${reserved}`;
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined ? null : `${twice} is named for two things`;
}

function sizesProblem(manifest: Manifest): string | null {
  if (manifest.golden.min_cosine < LEAST_COSINE)
    return `golden.min_cosine is below ${LEAST_COSINE}: it would prove nothing`;
  for (const { id, crop, batches, input } of manifest.graphs) {
    if (input.std.includes(0)) return `input.std of "${id}" has a 0, by which nothing can be divided`;
    if (batches.length > MOST_BATCHES) return `"${id}" has ${batches.length} batch sizes; ${MOST_BATCHES} is the most`;
    if (crop === undefined) continue;
    if (crop.kind === 'box' && crop.margin > MOST_MARGIN)
      return `the margin of "${id}" is ${crop.margin}; ${MOST_MARGIN} is the most`;
    const bytes = Math.max(...batches) * crop.size * crop.size * 3;
    if (crop.size > MOST_SIDE || bytes > MOST_INPUT_BYTES) return `the largest input of "${id}" has ${bytes} bytes`;
  }
  if (manifest.role !== 'detector') return null;
  const { fit, multiple_of: step, warm_shapes: shapes } = manifest.detector;
  const most = Math.ceil(fit / step) * step;
  if (most > MOST_SIDE) return `detector.fit and multiple_of make pictures of ${most}; ${MOST_SIDE} is the most`;
  if (shapes.length > MOST_WARM_SHAPES) return `${shapes.length} warm_shapes; ${MOST_WARM_SHAPES} is the most`;
  const wrong = shapes.find((shape) => shape.some((side) => side > most || side % step !== 0));
  if (wrong === undefined) return null;
  return `the warm shape ${wrong.join(' × ')} never comes: sides are multiples of ${step} up to ${most}`;
}
