/**
 * The whole recipe of facepool in one process: shrink-on-load, reduced and padded detector input, uint8 graphs, no
 * spinning, faces in one batch. Sessions, decoders and warps are facepool's own files, so that what is left of a
 * difference is the cost, or the gain, of the processes.
 */
import sharp from 'sharp';
import type { DetectedFace } from '../../src/contract/geometry.ts';
import { boxArea } from '../../src/contract/geometry.ts';
import type { GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import type { InferOutput } from '../../src/contract/protocol.ts';
import type { GraphRun } from '../../workers/decoders/decoder.ts';
import { decoderFor } from '../../workers/decoders/table.ts';
import { cropBytes, cropFace, scaleFace } from '../../workers/imaging/crop-face.ts';
import { wantedScale } from '../../workers/imaging/crop.ts';
import { decode, readHeader } from '../../workers/imaging/decode.ts';
import type { Raster } from '../../workers/imaging/raster.ts';
import { openSession } from '../../workers/session.ts';
import type { GraphSession } from '../../workers/session.ts';
import { graphPath, readManifest } from '../lib/graphs.ts';

const MAX_PIXELS = 100_000_000;

sharp.cache(false);
sharp.concurrency(1);

type Shape = readonly [number, number, number, number];
type OpenGraph = { readonly spec: GraphSpec; readonly session: GraphSession };

export type Detection = {
  readonly width: number;
  readonly height: number;
  readonly raster: Raster;
  /** In pixels of the upright picture, largest first. */
  readonly faces: readonly DetectedFace[];
};
export type Vectors = Extract<InferOutput, { role: 'recognizer' }>;
export type TunedPipeline = {
  detect(bytes: Buffer): Promise<Detection>;
  recognize(bytes: Buffer, detection: Detection): Promise<Vectors | null>;
};

/** Width and height of the upright picture, and a raster that fits a square of `fit` pixels. */
export type ReadPicture = (
  bytes: Buffer,
  fit: number,
  multipleOf: number,
) => Promise<{ width: number; height: number; raster: Raster }>;

export const readAsFacepool: ReadPicture = async (bytes, fit, multipleOf) => {
  const header = await readHeader(bytes, MAX_PIXELS);
  const raster = await decode(bytes, header, fit, MAX_PIXELS, multipleOf);
  return { width: header.width, height: header.height, raster };
};

async function openGraphs(manifest: Manifest, folder: string, threads: number): Promise<OpenGraph[]> {
  const graphs: OpenGraph[] = [];
  for (const spec of manifest.graphs) {
    graphs.push({ spec, session: await openSession(graphPath(folder, spec.id), { threads }) });
  }
  return graphs;
}

async function runGraph(
  { spec, session }: OpenGraph,
  tensor: Uint8Array,
  shape: Shape,
  count: number,
): Promise<GraphRun> {
  const outputs = await session.run({ [spec.input.name]: { type: 'uint8', data: tensor, dims: shape } });
  return { graph: spec, shape, count, outputs };
}

/** Runs all faces of one graph, in batches that the manifest declares, and puts the pieces together. */
async function embedAll(
  graph: OpenGraph,
  rasters: readonly Raster[],
  jobs: readonly { face: DetectedFace; raster: number; scale: number }[],
) {
  const { spec } = graph;
  const { crop } = spec;
  if (crop === undefined) throw new Error(`${spec.id} declares no crop`);
  const bytes = cropBytes(crop);
  const batches = [...spec.batches].sort((a, b) => a - b);
  const largest = batches.at(-1) ?? 1;
  const runs: GraphRun[] = [];
  for (let from = 0; from < jobs.length; from += largest) {
    const slice = jobs.slice(from, from + largest);
    const batch = batches.find((size) => size >= slice.length) ?? largest;
    const tensor = new Uint8Array(batch * bytes);
    for (const [i, { face, raster, scale }] of slice.entries()) {
      const source = rasters[raster];
      if (source === undefined) throw new Error('no raster');
      cropFace(source, scaleFace(face, scale, scale), crop, tensor.subarray(i * bytes, (i + 1) * bytes));
    }
    runs.push(await runGraph(graph, tensor, [batch, crop.size, crop.size, 3], slice.length));
  }
  return runs;
}

/** `folder` holds the imported graphs. */
export async function openTuned(folder: string, threads: number, read: ReadPicture): Promise<TunedPipeline> {
  const detectorManifest = readManifest('detector', 'yunet-n');
  const recognizerManifest = readManifest('recognizer', 'omz-0095');
  if (detectorManifest.role !== 'detector') throw new Error('not a detector');
  const { fit, multiple_of: multipleOf, score_threshold: scoreThreshold } = detectorManifest.detector;
  const [detector] = await openGraphs(detectorManifest, folder, threads);
  const recognizers = await openGraphs(recognizerManifest, folder, threads);
  if (detector === undefined) throw new Error('no detector graph');
  const decodeFaces = decoderFor(detectorManifest);
  const decodeVectors = decoderFor(recognizerManifest);

  return {
    async detect(bytes) {
      const { width, height, raster } = await read(bytes, fit, multipleOf);
      const shape: Shape = [1, raster.paddedHeight, raster.paddedWidth, 3];
      const run = await runGraph(detector, raster.data, shape, 1);
      const output = decodeFaces([run], { width: raster.width, height: raster.height, scoreThreshold });
      if (output.role !== 'detector') throw new Error('not a detector');
      const sx = width / raster.width;
      const sy = height / raster.height;
      const faces = output.faces.map((face) => ({ ...scaleFace(face, sx, sy), score: face.score }));
      return { width, height, raster, faces: faces.sort((a, b) => boxArea(b.box) - boxArea(a.box)) };
    },

    async recognize(bytes, { width, height, raster, faces }) {
      if (faces.length === 0) return null;
      const reduced = raster.width / width;
      const wanted = faces.map((face) => Math.min(1, wantedScale(face, reduced)));
      const most = Math.max(reduced, ...wanted);
      const larger = most > reduced ? (await read(bytes, Math.round(most * Math.max(width, height)), 1)).raster : null;
      const jobs = faces.map((face, i) => {
        const small = larger !== null && (wanted[i] ?? 0) > reduced;
        return { face, raster: small ? 1 : 0, scale: small ? larger.width / width : reduced };
      });
      const runs: GraphRun[][] = [];
      for (const graph of recognizers)
        runs.push(await embedAll(graph, larger === null ? [raster] : [raster, larger], jobs));
      return join(
        (runs[0] ?? []).map((_, i) =>
          decodeVectors(
            runs.flatMap((r) => r[i] ?? []),
            undefined,
          ),
        ),
      );
    },
  };
}

function join(parts: readonly InferOutput[]): Vectors {
  const vectors = parts.filter((part) => part.role === 'recognizer');
  const all = (pick: (v: Vectors) => Float32Array | null): Float32Array =>
    Float32Array.from(vectors.flatMap((v) => [...(pick(v) ?? [])]));
  return {
    role: 'recognizer',
    embeddings: all((v) => v.embeddings),
    norms: all((v) => v.norms),
    quality: all((v) => v.quality),
  };
}
