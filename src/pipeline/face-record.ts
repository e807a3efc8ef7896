/** What is known of one face, and how it is told. */
import type { DetectedFace } from '../contract/geometry.ts';
import type { LivenessManifest, RecognizerManifest } from '../contract/manifest.ts';
import type { FaceField, RequestOptions } from '../contract/options.ts';
import type { FaceAnswer } from '../contract/results.ts';
import { float32ToBase64 } from '../util/float32-base64.ts';

export type LivenessScores = {
  /** Probability that the face is live. */
  readonly score: number;
  readonly opinions: readonly { readonly model: string; readonly score: number }[];
};

/** A detected face with what the models said; absent where a model was not asked. */
export type FaceRecord = DetectedFace & {
  /** Raw, as the model gives it. */
  quality?: number;
  /** L2-normalised. */
  embedding?: Float32Array;
  liveness?: LivenessScores;
  jpeg?: Uint8Array;
};

type Quality = NonNullable<FaceAnswer['quality']>;
type Ood = NonNullable<FaceAnswer['ood']>;
type Liveness = NonNullable<FaceAnswer['liveness']>;

/** 0..1, higher is better, whatever the model's own direction. What is no number is as bad as can be. */
export function qualityScore(raw: number, manifest: RecognizerManifest): number {
  if (Number.isNaN(raw)) return 0;
  // Models whose raw value grows with doubt are unbounded above: 1/(1+raw) falls from 1 to 0.
  return manifest.recognizer.quality.raw_direction === 'higher_is_better' ? clamp01(raw) : 1 / (1 + Math.max(0, raw));
}

export function qualityOf(raw: number, manifest: RecognizerManifest): Quality {
  const { usable, accepted } = manifest.recognizer.quality;
  const score = qualityScore(raw, manifest);
  const reasons: string[] = [];
  if (score < usable) reasons.push('low_quality');
  if (score < accepted) reasons.push('out_of_distribution');
  return { score: round(score, 4), usable: reasons.length === 0, reasons };
}

export function oodOf(raw: number, manifest: RecognizerManifest): Ood {
  const { accepted, raw_direction } = manifest.recognizer.quality;
  const score = qualityScore(raw, manifest);
  return {
    score: round(score, 4),
    threshold: accepted,
    accepted: score >= accepted,
    raw: round(raw, 6),
    raw_direction,
  };
}

export function livenessOf(scores: LivenessScores, manifest: LivenessManifest): Liveness {
  const { threshold, unsure_band } = manifest.liveness;
  const unsure = Math.abs(scores.score - threshold) < unsure_band;
  const label = unsure ? 'unsure' : scores.score >= threshold ? 'live' : 'spoof';
  return {
    label,
    score: round(scores.score, 4),
    threshold,
    opinions: scores.opinions.map((o) => ({
      model: o.model,
      score: round(o.score, 4),
      label: o.score >= 0.5 ? 'live' : 'spoof',
    })),
  };
}

export type Tellers = { readonly recognizer: RecognizerManifest | null; readonly liveness: LivenessManifest | null };

/** The face with the parts that were asked for. */
export function tellFace(
  face: FaceRecord,
  fields: ReadonlySet<FaceField>,
  tellers: Tellers,
  format: RequestOptions['embedding_format'],
): FaceAnswer {
  const { recognizer, liveness } = tellers;
  const answer: FaceAnswer = {
    box: {
      x_min: round(face.box.x_min, 1),
      y_min: round(face.box.y_min, 1),
      x_max: round(face.box.x_max, 1),
      y_max: round(face.box.y_max, 1),
    },
    det_score: round(face.score, 4),
  };
  if (fields.has('landmarks')) {
    answer.landmarks = face.landmarks && face.landmarks.map(([x, y]) => [round(x, 1), round(y, 1)] as [number, number]);
  }
  if (recognizer !== null && face.quality !== undefined) {
    if (fields.has('quality')) answer.quality = qualityOf(face.quality, recognizer);
    if (fields.has('ood')) answer.ood = oodOf(face.quality, recognizer);
  }
  if (liveness !== null && face.liveness !== undefined && fields.has('liveness')) {
    answer.liveness = livenessOf(face.liveness, liveness);
  }
  if (recognizer !== null && face.embedding !== undefined && fields.has('embedding')) {
    const { space, dim } = recognizer.recognizer;
    answer.embedding = { space, dim, ...encodeEmbedding(face.embedding, format ?? 'array') };
  }
  if (face.jpeg !== undefined && fields.has('crop')) {
    answer.crop = { format: 'jpeg', base64: Buffer.from(face.jpeg).toString('base64') };
  }
  return answer;
}

function encodeEmbedding(
  embedding: Float32Array,
  format: 'array' | 'base64',
): { array: number[] } | { base64: string } {
  if (format === 'array') return { array: Array.from(embedding) };
  return { base64: float32ToBase64(embedding) };
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
