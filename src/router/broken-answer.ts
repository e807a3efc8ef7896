/** What a model worker answers, checked where it enters: cheap, and by structure only. */
import type { Manifest } from '../contract/manifest.ts';
import type { InferPart } from '../contract/protocol.ts';

/** The worker answered what no sound worker answers; the request is tried again with its successor. */
export class BrokenAnswerError extends Error {
  constructor(fault: string) {
    super(`broken answer: ${fault}`);
    this.name = 'BrokenAnswerError';
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/** `length` finite numbers. */
function isFloats(value: unknown, length: number): value is Float32Array {
  return value instanceof Float32Array && value.length === length && value.every((x) => Number.isFinite(x));
}

function isUnit(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isFace(value: unknown): boolean {
  if (!isFields(value) || !isUnit(value['score']) || !isFields(value['box'])) return false;
  const { x_min, y_min, x_max, y_max } = value['box'];
  if (![x_min, y_min, x_max, y_max].every((side) => Number.isFinite(side))) return false;
  const { landmarks } = value;
  if (landmarks === null) return true;
  const isPoint = (point: unknown): boolean =>
    Array.isArray(point) && point.length === 2 && point.every((x) => Number.isFinite(x));
  return Array.isArray(landmarks) && landmarks.length === 5 && landmarks.every(isPoint);
}

/** What is wrong with the answer to these parts, or null. Without a manifest only the frame of the answer is checked. */
export function answerFault(value: unknown, parts: readonly InferPart[], manifest: Manifest | null): string | null {
  if (!isFields(value) || !Number.isFinite(value['computeMs']) || !isFields(value['output'])) return 'it is no answer';
  const { output } = value;
  if (manifest === null) return null;
  if (output['role'] !== manifest.role) return `it is not a ${manifest.role}'s`;
  const count = parts[0]?.count ?? 0;
  const runs = (use: string): boolean =>
    parts.some((part) => manifest.graphs.some((graph) => graph.id === part.graph && graph.use === use));
  switch (manifest.role) {
    case 'detector':
      return Array.isArray(output['faces']) && output['faces'].every(isFace) ? null : 'its faces are none';
    case 'recognizer': {
      const rows = runs('embedding') ? count : 0;
      if (!isFloats(output['embeddings'], rows * manifest.recognizer.dim)) return 'its embeddings are none';
      if (!isFloats(output['norms'], rows)) return 'its norms are none';
      const { quality } = output;
      return quality === null || isFloats(quality, count) ? null : 'its qualities are none';
    }
    case 'liveness': {
      const { scores, opinions } = output;
      if (!isFloats(scores, count) || !scores.every(isUnit)) return 'its scores are none';
      const isOpinion = (opinion: unknown): boolean =>
        isFields(opinion) && typeof opinion['graph'] === 'string' && isFloats(opinion['scores'], count);
      return Array.isArray(opinions) && opinions.every(isOpinion) ? null : 'its opinions are none';
    }
  }
}
