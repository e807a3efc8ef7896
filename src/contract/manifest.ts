/** The manifest of one model version: `models/<name>/<version>/manifest.yaml`. Everything a worker needs, as data. */
import * as z from 'zod';

const slug = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'lower-case letters, digits, dots, dashes');
const point = z.tuple([z.number(), z.number()]);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const unit = z.number().min(0).max(1);
const bareName = z.string().regex(/^\w[\w.-]*$/, 'a bare file name');

/** Warp by a least-squares similarity transform of landmarks onto `template` (fractions of `size`). */
const alignedCrop = z.strictObject({
  kind: z.literal('aligned'),
  size: z.int().positive().describe('side of the square crop, pixels'),
  landmarks: z
    .enum(['five', 'eyes-mouth'])
    .describe('five: all five; eyes-mouth: both eyes and the middle of the mouth'),
  template: z.array(point).min(3).max(5).describe('template points as fractions of size, in landmark order'),
  border: z.literal('zero'),
});

/** A square around the box: side = margin × max(w, h). */
const boxCrop = z.strictObject({
  kind: z.literal('box'),
  size: z.int().positive(),
  margin: z.number().min(1),
  border: z
    .enum(['reflect-101', 'inside'])
    .describe('reflect-101: mirrored outside; inside: box w×h scaled, shifted to lie inside the picture, clipped'),
});

export const cropSchema = z.discriminatedUnion('kind', [alignedCrop, boxCrop]);
export type CropSpec = z.infer<typeof cropSchema>;

const graphSchema = z.strictObject({
  id: slug,
  use: z.enum(['detect', 'embedding', 'quality', 'liveness', 'opinion']),
  file: bareName,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  urls: z.array(z.url()).default([]).describe('upstream addresses of exactly these bytes'),
  input: z.strictObject({
    name: z.string().min(1),
    color: z.enum(['rgb', 'bgr']),
    mean: triple.describe('subtracted from 0..255 values, in the model’s colour order'),
    std: triple.describe('divided by, after the mean'),
  }),
  outputs: z.array(z.string().min(1)).min(1),
  crop: cropSchema.optional().describe('absent for detectors'),
  batches: z.array(z.int().positive()).min(1).default([1]).describe('batch sizes that are warmed; input is padded up'),
});
export type GraphSpec = z.infer<typeof graphSchema>;

const common = {
  schema: z.literal(1),
  name: slug,
  version: slug,
  description: z.string().min(1),
  family: slug.describe('decoder file in workers/decoders'),
  licence: z.strictObject({
    spdx: z.string().min(1),
    file: bareName.describe('licence text beside the manifest'),
    attribution: z.string().min(1),
    commercial: z.boolean(),
    notes: z.string().optional(),
    parts: z
      .array(
        z.strictObject({
          graphs: z.array(slug).min(1),
          spdx: z.string().min(1),
          file: bareName,
          attribution: z.string().min(1),
        }),
      )
      .optional()
      .describe('which terms hold for which graphs, where they differ'),
  }),
  graphs: z.array(graphSchema).min(1),
  memory: z.strictObject({ load_peak_mb: z.number().positive().describe('estimate until measured') }),
  golden: z.strictObject({
    file: bareName.describe('expected outputs of the seeded tensors, beside the manifest'),
    min_cosine: z.number().min(0).max(1).default(0.999),
  }),
};

const detectorManifest = z.strictObject({
  ...common,
  role: z.literal('detector'),
  detector: z.strictObject({
    fit: z.int().positive().describe('the picture is reduced to fit this side'),
    multiple_of: z.int().positive().describe('then padded right and below to a multiple of this'),
    warm_shapes: z
      .array(z.tuple([z.int().positive(), z.int().positive()]))
      .min(1)
      .describe('[width, height] warmed at load'),
    landmarks: z.enum(['five', 'none']),
    score_threshold: unit,
    nms_threshold: unit,
  }),
});

const recognizerManifest = z.strictObject({
  ...common,
  role: z.literal('recognizer'),
  recognizer: z.strictObject({
    space: slug.describe('embeddings of different spaces are never compared'),
    dim: z.int().positive(),
    thresholds: z
      .record(z.string(), z.number().min(-1).max(1))
      .describe('false accept rate → least cosine')
      .refine((t) => Object.keys(t).length > 0, 'at least one false accept rate'),
    similarity: z
      .strictObject({ c0: z.number(), c1: z.number() })
      .describe('similarity = (tanh((c0 − d)·c1) + 1) / 2 with d = √(2 − 2·cosine)'),
    quality: z.strictObject({
      usable: unit.describe('quality.usable at or above'),
      accepted: unit.describe('ood.accepted at or above'),
      raw_direction: z.enum(['higher_is_better', 'higher_is_worse']),
    }),
  }),
});

const livenessManifest = z.strictObject({
  ...common,
  role: z.literal('liveness'),
  liveness: z.strictObject({
    threshold: unit.describe('live at or above'),
    unsure_band: unit.default(0).describe('scores closer than this to the threshold are "unsure"'),
    real_index: z.int().nonnegative(),
    spoof_index: z.int().nonnegative(),
    opinions: z
      .record(
        slug,
        z.strictObject({
          real_index: z.int().nonnegative(),
          activation: z.enum(['softmax', 'none']).describe('none: the graph gives probabilities already'),
        }),
      )
      .default({})
      .describe('how the output of each second-opinion graph is read'),
  }),
});

export const manifestSchema = z
  .discriminatedUnion('role', [detectorManifest, recognizerManifest, livenessManifest])
  .superRefine((m, ctx) => {
    const ids = new Set<string>();
    for (const [i, g] of m.graphs.entries()) {
      if (ids.has(g.id)) {
        ctx.addIssue({ code: 'custom', path: ['graphs', i, 'id'], message: `the id "${g.id}" is used twice` });
      }
      ids.add(g.id);
      if ((m.role === 'detector') === (g.crop !== undefined)) {
        ctx.addIssue({
          code: 'custom',
          path: ['graphs', i, 'crop'],
          message: 'crops are for recognizers and liveness, not for detectors',
        });
      }
      if (g.use === 'opinion' && (m.role !== 'liveness' || m.liveness.opinions[g.id] === undefined)) {
        ctx.addIssue({
          code: 'custom',
          path: ['graphs', i, 'use'],
          message: 'an opinion needs an entry in liveness.opinions',
        });
      }
    }
    for (const [i, part] of (m.licence.parts ?? []).entries()) {
      for (const id of part.graphs.filter((x) => !ids.has(x))) {
        ctx.addIssue({ code: 'custom', path: ['licence', 'parts', i, 'graphs'], message: `there is no graph "${id}"` });
      }
    }
  });

export type Manifest = z.infer<typeof manifestSchema>;
export type DetectorManifest = z.infer<typeof detectorManifest>;
export type RecognizerManifest = z.infer<typeof recognizerManifest>;
export type LivenessManifest = z.infer<typeof livenessManifest>;
export type ModelRole = Manifest['role'];

/** `golden.json`: for each graph, a seeded input and what the reference gave for it. */
export const goldenSchema = z.strictObject({
  schema: z.literal(1),
  made_with: z.string().describe('runtime version and machine, for people'),
  graphs: z.record(
    slug,
    z.strictObject({
      seed: z.int().nonnegative(),
      shape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive(), z.literal(3)]).describe('NHWC uint8'),
      outputs: z.record(
        z.string(),
        z.strictObject({
          dims: z.array(z.int().nonnegative()),
          data: z.string().describe('float32 little-endian, base64'),
        }),
      ),
    }),
  ),
});
export type Golden = z.infer<typeof goldenSchema>;
