/** An embedding that a client brings as numbers, in place of a picture. */
import { FacepoolError } from '../contract/errors.ts';
import type { OptionName, RequestOptions } from '../contract/options.ts';
import { type EmbeddingInput, embeddingInputSchema } from '../contract/people.ts';

/** The member of a JSON body. */
export const EMBEDDING_MEMBER = 'embedding';
/** The longest that models have are 2048 numbers. What is longer is not looked at. */
const MAX_DIM = 8192;
const MAX_BASE64 = Math.ceil((MAX_DIM * Float32Array.BYTES_PER_ELEMENT) / 3) * 4;
const MAX_SPACE = 200;
const MAX_SHOWN = 200;

/**
 * Its form; whether it fits a space is looked at by whoever knows that.
 * @throws FacepoolError `invalid_argument` naming the member at fault
 */
export function readEmbedding(value: unknown): EmbeddingInput {
  if (isTooLong(value)) throw invalid(EMBEDDING_MEMBER, `it has ${MAX_DIM} numbers at most`);
  const parsed = embeddingInputSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = [EMBEDDING_MEMBER, ...(issue?.path ?? []).map(String)].join('.');
  throw invalid(param, issue?.message.slice(0, MAX_SHOWN) ?? 'another value is needed');
}

/** Before the schema goes through millions of numbers, or an error repeats a text of megabytes. */
function isTooLong(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const lengthOf = (member: unknown): number =>
    Array.isArray(member) || typeof member === 'string' ? member.length : 0;
  const { array, base64, space }: { array?: unknown; base64?: unknown; space?: unknown } = value;
  return lengthOf(array) > MAX_DIM || lengthOf(base64) > MAX_BASE64 || lengthOf(space) > MAX_SPACE;
}

function invalid(param: string, why: string): FacepoolError {
  const form = '{"space": "…", "array": […]} or {"space": "…", "base64": "…"}';
  return new FacepoolError('invalid_argument', `"${param}" is not allowed: ${why}. An embedding is ${form}.`, {
    param,
  });
}

/**
 * Options that are about a picture say nothing here.
 * @throws FacepoolError `invalid_argument`
 */
export function refuseBesides(options: RequestOptions, allowed: readonly OptionName[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (allowed as readonly string[]).includes(name)) continue;
    const detail = `Option ${name} is about a picture. With an embedding there are ${allowed.join(', ')}.`;
    throw new FacepoolError('invalid_argument', detail, { param: name });
  }
}
