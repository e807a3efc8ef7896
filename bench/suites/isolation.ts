/**
 * What a process of its own costs one inference: from "the tensor lies ready in imaging's shared memory" to "the result is in the
 * supervisor", divided by the same run of the same graph on the same input, and the same decoder, in one process.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { FaceGeometry } from '../../src/contract/protocol.ts';
import type { InferOutput, InferPart, SharedTensor } from '../../src/contract/protocol.ts';
import type { Frame, ImagingClient } from '../../src/router/imaging-client.ts';
import type { ModelRouter } from '../../src/router/model-router.ts';
import { decoderFor } from '../../workers/decoders/table.ts';
import { cropBytes, cropFace } from '../../workers/imaging/crop-face.ts';
import { toRaster } from '../../workers/imaging/raster.ts';
import type { Raster } from '../../workers/imaging/raster.ts';
import { openSession } from '../../workers/session.ts';
import { importModel, prependOnly } from '../lib/graphs.ts';
import type { LoadedModel } from '../lib/graphs.ts';
import { interleave } from '../lib/order.ts';
import { end, imagingClient, startImaging, startModel } from '../lib/rig.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import { quietest, quietness, watchStrangers } from '../lib/strangers.ts';
import { figure, ranged } from '../lib/table.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const GROUP = fileURLToPath(new URL('../../../shared/eval/photos/group-1.jpg', import.meta.url));
/**
 * Samples of one variant between two turns: short enough that both meet the same noise, and long enough for the kernel's
 * clock of processor time, which ticks every 10 ms, to tell strangers from rounding.
 */
const PER_TURN = 30;
const AS_PUBLISHED = ', as published';
const never = new AbortController().signal;
const GEOMETRY = { maxPixels: 1e8, fit: 640, multipleOf: 32 };

type Case = {
  readonly name: string;
  /** Called before every sample of either variant, outside the measured time, so that both keep the same pace. */
  readonly prepare: () => Promise<void>;
  readonly isolated: () => Promise<{ output: InferOutput; computeMs: number }>;
  readonly direct: () => Promise<InferOutput>;
};

/** Samples of both variants, one after the other. */
type Turn = {
  readonly direct: number[];
  readonly isolated: number[];
  readonly compute: number[];
  readonly strangers: number;
};
type Measured = { readonly name: string; readonly turns: Turn[] };

/** The same run in this process: session and decoder are the worker's own. */
async function directRun(model: LoadedModel, part: InferPart, tensor: Uint8Array): Promise<() => Promise<InferOutput>> {
  const spec = model.manifest.graphs.find((g) => g.id === part.graph);
  if (spec === undefined) throw new Error(`no graph ${part.graph}`);
  const session = await openSession(model.graphPaths[part.graph] ?? '', { threads: 1 });
  const decode = decoderFor(model.manifest);
  const [, height, width] = part.shape;
  return async () => {
    const outputs = await session.run({ [spec.input.name]: { type: 'uint8', data: tensor, dims: part.shape } });
    return decode([{ graph: spec, shape: part.shape, count: part.count, outputs }], {
      width,
      height,
      scoreThreshold: 0.6,
    });
  };
}

async function detectorCase(
  model: LoadedModel,
  imaging: ImagingClient,
  router: ModelRouter,
  crop: { width: number; height: number },
  suffix = '',
): Promise<Case> {
  const jpeg = await sharp(GROUP).resize(crop.width, crop.height, { fit: 'cover' }).jpeg({ quality: 95 }).toBuffer();
  const opened = await imaging.open({ bytes: jpeg, geometry: GEOMETRY, signal: never, charges: { count: 0 } });
  const frame = opened.value;
  const part: InferPart = { graph: 'yunet', shape: [1, frame.inputHeight, frame.inputWidth, 3], count: 1 };
  const tensor = await sharp(jpeg).resize(frame.inputWidth, frame.inputHeight, { fit: 'fill' }).raw().toBuffer();
  return {
    name: `detector ${frame.inputWidth}×${frame.inputHeight}${suffix}`,
    prepare: async () => {},
    isolated: async () => {
      const { value } = await router.infer({
        parts: [part],
        detect: { width: frame.inputWidth, height: frame.inputHeight, scoreThreshold: 0.6 },
        shared: frame.shared && { tensors: [frame.shared], hold: () => frame.hold() },
        feed: (to, ticket) => frame.deliver(to, ticket, [{ kind: 'input' }], never),
        signal: never,
        charges: { count: 0 },
      });
      return value;
    },
    direct: await directRun(model, part, tensor),
  };
}

async function embedderCase(
  model: LoadedModel,
  picture: { readonly frame: Frame; readonly raster: Raster },
  faces: readonly FaceGeometry[],
  router: ModelRouter,
  suffix = '',
): Promise<Case> {
  const { frame, raster } = picture;
  const spec = model.manifest.graphs.find((g) => g.use === 'embedding');
  if (spec?.crop === undefined) throw new Error('the recognizer declares no crop');
  const count = faces.length;
  const { size } = spec.crop;
  const part: InferPart = { graph: spec.id, shape: [count, size, size, 3], count };
  const specs = [spec.crop];
  // The very crops that imaging makes: a graph with PRelu takes longer on some pictures than on others.
  const tensor = new Uint8Array(count * cropBytes(spec.crop));
  for (const [i, face] of faces.entries()) {
    cropFace(raster, face, spec.crop, tensor.subarray(i * cropBytes(spec.crop)));
  }
  let set = -1;
  let crops: SharedTensor | null = null;
  return {
    name: `embedder, batch ${count}${suffix}`,
    prepare: async () => {
      const made = await frame.crop({ faces, specs }, never);
      set = made.set;
      crops = made.shared?.[0] ?? null;
    },
    isolated: async () => {
      const items = [{ kind: 'crops' as const, set, spec: 0, from: 0, count, batch: count }];
      const { value } = await router.infer({
        parts: [part],
        shared: crops && { tensors: [crops], hold: () => frame.hold() },
        feed: (to, ticket) => frame.deliver(to, ticket, items, never),
        signal: never,
        charges: { count: 0 },
      });
      return value;
    },
    direct: await directRun(model, part, tensor),
  };
}

async function measure(subject: Case, turns: number): Promise<Measured> {
  const measured: Measured = { name: subject.name, turns: [] };
  const once = {
    direct: async () => {
      await subject.prepare();
      const began = performance.now();
      await subject.direct();
      return [performance.now() - began, 0] as const;
    },
    isolated: async () => {
      await subject.prepare();
      const began = performance.now();
      const { computeMs } = await subject.isolated();
      return [performance.now() - began, computeMs] as const;
    },
  };
  for (let i = 0; i < PER_TURN; i++) for (const run of [once.direct, once.isolated]) await run();
  for (const order of interleave(['direct', 'isolated'] as const, turns)) {
    const turn = await quietest(async (): Promise<Turn> => {
      const watched = watchStrangers([]);
      const taken = { direct: [] as number[], isolated: [] as number[], compute: [] as number[] };
      for (const variant of order) {
        for (let i = 0; i < PER_TURN; i++) {
          const [ms, inWorker] = await once[variant]();
          taken[variant].push(ms);
          if (variant === 'isolated') taken.compute.push(inWorker);
        }
      }
      return { ...taken, strangers: watched() };
    });
    measured.turns.push(turn);
  }
  return measured;
}

function row({ name, turns }: Measured): string[] {
  const directMs = turns.map((turn) => turn.direct);
  const isolatedMs = turns.map((turn) => turn.isolated);
  const computeMs = turns.flatMap((turn) => turn.compute);
  const both = (times: number[][]): string =>
    `${figure(median(times.flat()))} / ${figure(percentile(times.flat(), 0.99))}`;
  const overall = median(isolatedMs.flat()) / median(directMs.flat());
  return [
    name,
    both(directMs),
    both(isolatedMs),
    figure(median(computeMs)),
    figure(median(isolatedMs.flat()) - median(directMs.flat())),
    overall.toFixed(3),
    ranged(ratio(isolatedMs.map(median), directMs.map(median))),
  ];
}

/** The faces of the picture, as the detector finds them. */
async function findFaces(frame: Frame, router: ModelRouter): Promise<FaceGeometry[]> {
  const { value } = await router.infer({
    parts: [{ graph: 'yunet', shape: [1, frame.inputHeight, frame.inputWidth, 3], count: 1 }],
    detect: { width: frame.reducedWidth, height: frame.reducedHeight, scoreThreshold: 0.6 },
    feed: (to, ticket) => frame.deliver(to, ticket, [{ kind: 'input' }], never),
    signal: never,
    charges: { count: 0 },
  });
  if (value.output.role !== 'detector') throw new Error('not a detector');
  return value.output.faces.map(({ box, landmarks }) => ({ box, landmarks }));
}

export async function isolationSuite(context: SuiteContext): Promise<SuiteResult> {
  const { options, scratch, say } = context;
  const turns = options.rounds ?? (options.quick ? 4 : 12);
  say('importing the graphs');
  const detector = await importModel('detector', 'yunet-n', join(scratch, 'graphs'));
  const recognizer = await importModel('recognizer', 'omz-0095', join(scratch, 'graphs'));
  const published = {
    detector: await prependOnly('detector', 'yunet-n', join(scratch, 'published')),
    recognizer: await prependOnly('recognizer', 'omz-0095', join(scratch, 'published')),
  };
  const imagingProcess = await startImaging(scratch);
  const imagingChild = imagingProcess.child;
  const children: Parameters<typeof end>[0][] = [imagingChild];
  const measured: Measured[] = [];
  try {
    const imaging = imagingClient(imagingChild);
    const detectorWorker = await startModel(detector, imagingProcess);
    children.push(detectorWorker.child);
    const recognizerWorker = await startModel(recognizer, imagingProcess);
    children.push(recognizerWorker.child);

    // 640×480 from imaging, so reduced and upright picture are one and the faces need no scaling.
    const small = await sharp(GROUP).resize(640, 480, { fit: 'cover' }).jpeg({ quality: 95 }).toBuffer();
    const { value: frame } = await imaging.open({
      bytes: small,
      geometry: GEOMETRY,
      signal: never,
      charges: { count: 0 },
    });
    const { data, info } = await sharp(small).raw().toBuffer({ resolveWithObject: true });
    const picture = { frame, raster: toRaster(data, info.width, info.height, GEOMETRY.multipleOf) };
    const faces = await findFaces(frame, detectorWorker.router);
    if (faces.length < 4) throw new Error(`found ${faces.length} faces in the group picture`);

    const publishedDetector = await startModel(published.detector, imagingProcess);
    children.push(publishedDetector.child);
    const publishedRecognizer = await startModel(published.recognizer, imagingProcess);
    children.push(publishedRecognizer.child);
    const square = { width: 1280, height: 1280 };
    const one = faces.slice(0, 1);
    const cases = [
      await detectorCase(detector, imaging, detectorWorker.router, square),
      await detectorCase(detector, imaging, detectorWorker.router, { width: 1280, height: 960 }),
      await embedderCase(recognizer, picture, one, recognizerWorker.router),
      await embedderCase(recognizer, picture, faces.slice(0, 4), recognizerWorker.router),
      await detectorCase(published.detector, imaging, publishedDetector.router, square, AS_PUBLISHED),
      await embedderCase(published.recognizer, picture, one, publishedRecognizer.router, AS_PUBLISHED),
    ];
    for (const subject of cases) {
      say(subject.name);
      measured.push(await measure(subject, turns));
    }
  } finally {
    for (const child of children) await end(child);
  }
  return {
    title: 'Isolation',
    note: `${turns} turns of ${PER_TURN} samples per variant (A B, B A, …), one thread, no spinning. Direct: session.run and decoder in one process. Isolated: from the tensor ready in imaging (in shared memory, where \`open\` and \`crop\` put it), through router and worker, to the result in the supervisor. As published: the graph with its preprocessing and nothing rewritten, what the aim of 1.05 was set with. Milliseconds, p50 / p99. ${quietness(measured.flatMap((m) => m.turns))}`,
    tables: [
      {
        caption: 'One inference in its own process ÷ the same in one process (1.000 = free)',
        table: {
          head: ['case', 'direct', 'isolated', 'run in worker', 'added', 'ratio of p50', 'ratio per turn'],
          rows: measured.map(row),
        },
      },
    ],
    raw: measured,
  };
}
