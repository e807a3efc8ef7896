/** A pipeline that enrols pictures from a script. */
import assert from 'node:assert/strict';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import { enrolAnswerSchema } from '../../src/contract/people.ts';
import { enrol } from '../../src/pipeline/enrol.ts';
import { type FakeOptions, fakePipeline, request, type ScriptedFace } from '../fixtures/pipeline.ts';

/** Pictures. */
export const [ANNA, ANNA_AGAIN, BERTA, TWO, NOBODY, BAD] = [1, 2, 3, 4, 5, 6] as const;
const SCRIPT: Readonly<Record<number, readonly ScriptedFace[]>> = {
  [ANNA]: [{ size: 200, embedding: [1, 0] }],
  [ANNA_AGAIN]: [{ size: 150, embedding: [0.8, 0.6] }],
  [BERTA]: [{ size: 150, embedding: [-0.6, 0.8] }],
  [TWO]: [
    { size: 50, embedding: [0, -1] },
    { size: 200, embedding: [1, 0] },
  ],
  [NOBODY]: [],
  [BAD]: [{ size: 20, embedding: [1, 0], quality: 0.1, live: 0.1 }],
};

type Who = {
  readonly subject?: string;
  readonly collection?: string;
  readonly canName?: boolean;
  readonly signal?: AbortSignal;
};

export function setUp(options: Partial<FakeOptions> = {}) {
  const fake = fakePipeline({ script: SCRIPT, ...options });
  const add = async (image: number, who: Who = {}, wanted: RequestOptions = {}) => {
    const asked = { ...request(image, wanted), subject: 'Anna', collection: 'default', canName: true, ...who };
    return enrolAnswerSchema.parse(await enrol(fake.deps, asked));
  };
  const counts = async () => {
    const { values } = await fake.deps.metrics.peopleEnrolments.get();
    return Object.fromEntries(values.filter(({ value }) => value > 0).map((v) => [v.labels.result, v.value]));
  };
  return { ...fake, add, counts };
}
export const isCode =
  (code: ErrorCode, param?: string) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && (param === undefined || e.param === param);
/** Refused for exactly these reasons, the first as its code. */
export const refusedFor =
  (...codes: readonly string[]) =>
  (e: unknown): boolean => {
    assert.ok(e instanceof FacepoolError, String(e));
    assert.deepEqual([e.code, e.reasons?.map(({ code }) => code)], [codes[0], codes]);
    return true;
  };
