/** `components.schemas` of the OpenAPI document, made from the zod schemas that shape the answers. */
import * as z from 'zod';
import { ERROR_CATALOGUE } from '../../contract/errors.ts';
import {
  boxSchema,
  embeddingSchema,
  faceSchema,
  facesAnswerSchema,
  imageSchema,
  livenessSchema,
  matchSchema,
  modelRefSchema,
  modelStatusSchema,
  modelsAnswerSchema,
  planSchema,
  oodSchema,
  problemSchema,
  qualitySchema,
  verifyAnswerSchema,
} from '../../contract/results.ts';
import {
  changeSubjectSchema,
  collectionSchema,
  collectionsAnswerSchema,
  createCollectionSchema,
  createSubjectSchema,
  embeddingInputSchema,
  enrolAnswerSchema,
  facesListSchema,
  peopleCheckSchema,
  erasingSchema,
  peopleStatusSchema,
  refusalSchema,
  searchAnswerSchema,
  storedFaceSchema,
  subjectSchema,
  subjectsAnswerSchema,
} from '../../contract/people.ts';
import { exportLineSchema } from '../../contract/people-export.ts';
import { reembedRequestSchema, reembedSchema } from '../../contract/reembed.ts';
import { reloadAnswerSchema, reloadRequestSchema } from '../../contract/reload.ts';
import {
  moveRequestSchema,
  swapRequestSchema,
  swapsAnswerSchema,
  swapSchema,
  versionsAnswerSchema,
} from '../../contract/rollout.ts';
import { stageProgressSchema, stageRequestSchema, versionRowSchema } from '../../contract/staging.ts';
import {
  alertsAnswerSchema,
  eventsAnswerSchema,
  gpuAnswerSchema,
  historyAnswerSchema,
  insightAnswerSchema,
  storedEventSchema,
} from '../../contract/history.ts';

const base64Picture = z
  .strictObject({ base64: z.string().describe('the picture’s bytes; a data:…;base64, prefix is accepted') })
  .describe('a picture in JSON');

export const healthSchema = z.strictObject({ status: z.literal('ok'), uptime_s: z.number(), version: z.string() });
export const readySchema = z.strictObject({
  ready: z.boolean(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** Every named schema; nested ones become references. */
const NAMED = {
  Base64Picture: base64Picture,
  Box: boxSchema,
  AlertsAnswer: alertsAnswerSchema,
  ChangeSubject: changeSubjectSchema,
  Collection: collectionSchema,
  CollectionsAnswer: collectionsAnswerSchema,
  CreateCollection: createCollectionSchema,
  CreateSubject: createSubjectSchema,
  Embedding: embeddingSchema,
  EmbeddingInput: embeddingInputSchema,
  EnrolAnswer: enrolAnswerSchema,
  ExportLine: exportLineSchema,
  EventsAnswer: eventsAnswerSchema,
  Face: faceSchema,
  FacesAnswer: facesAnswerSchema,
  FacesList: facesListSchema,
  GpuAnswer: gpuAnswerSchema,
  Health: healthSchema,
  HistoryAnswer: historyAnswerSchema,
  Image: imageSchema,
  InsightAnswer: insightAnswerSchema,
  Liveness: livenessSchema,
  Match: matchSchema,
  ModelRef: modelRefSchema,
  ModelStatus: modelStatusSchema,
  ModelsAnswer: modelsAnswerSchema,
  MoveRequest: moveRequestSchema,
  Plan: planSchema,
  Ood: oodSchema,
  PeopleCheck: peopleCheckSchema,
  Erasing: erasingSchema,
  PeopleStatus: peopleStatusSchema,
  Problem: problemSchema.extend({
    code: z.enum(Object.keys(ERROR_CATALOGUE)).describe('stable; the texts are for people'),
  }),
  Quality: qualitySchema,
  Ready: readySchema,
  Reembed: reembedSchema,
  ReembedRequest: reembedRequestSchema,
  Refusal: refusalSchema,
  ReloadAnswer: reloadAnswerSchema,
  ReloadRequest: reloadRequestSchema,
  SearchAnswer: searchAnswerSchema,
  StageProgress: stageProgressSchema,
  StageRequest: stageRequestSchema,
  StoredEvent: storedEventSchema,
  StoredFace: storedFaceSchema,
  Subject: subjectSchema,
  SubjectsAnswer: subjectsAnswerSchema,
  Swap: swapSchema,
  SwapRequest: swapRequestSchema,
  SwapsAnswer: swapsAnswerSchema,
  VerifyAnswer: verifyAnswerSchema,
  Version: versionRowSchema,
  VersionsAnswer: versionsAnswerSchema,
} as const;

export type SchemaName = keyof typeof NAMED;

export function schemaRef(name: SchemaName): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** What clients write: members with a default may be left out. */
const WRITTEN: ReadonlySet<string> = new Set<SchemaName>([
  'ChangeSubject',
  'CreateCollection',
  'CreateSubject',
  'EmbeddingInput',
  'MoveRequest',
  'ReembedRequest',
  'ReloadRequest',
  'StageRequest',
  'SwapRequest',
]);

/** JSON Schemas (2020-12) by name, with references between them. */
export function componentSchemas(): Record<string, unknown> {
  const read = schemasOf('output', ([name]) => !WRITTEN.has(name));
  const written = schemasOf('input', ([name]) => WRITTEN.has(name));
  return Object.fromEntries(Object.entries({ ...read, ...written }).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function schemasOf(
  io: 'input' | 'output',
  isWanted: (entry: [name: string, schema: z.ZodType]) => boolean,
): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED).filter(isWanted)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, ...schema }]) => [name, schema]),
  );
}
