/**
 * POST /recognize: who each face is, how far that can be trusted, and why not. Quality and OOD are always computed,
 * because no identity may be told without them.
 */
import type { FaceField } from '../contract/options.ts';
import type { FacesAnswer } from '../contract/results.ts';
import type { FacesRequest } from '../contract/services.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { answerFaces } from './faces-answer.ts';
import { checkPeople, embeddingOf, matchingOf, searchFaces, tellMatches } from './matching.ts';
import { enforcePolicies, isTrusted } from './policy.ts';

const DEFAULT_FIELDS: readonly FaceField[] = ['landmarks', 'quality', 'ood'];

export async function recognize(deps: PipelineDeps, request: FacesRequest): Promise<FacesAnswer> {
  const { options, signal } = request;
  const recognizer = modelOf(deps, options.recognizer ?? 'recognizer', 'recognizer');
  const matching = matchingOf(options, recognizer.manifest);
  await checkPeople(deps, matching.collection, recognizer, signal);

  const fields = new Set<FaceField>(options.fields ?? DEFAULT_FIELDS);
  if (options.embedding_format !== undefined) fields.add('embedding');
  if (options.liveness_policy === 'require') fields.add('liveness');
  const needs = {
    quality: true,
    embedding: true,
    liveness: fields.has('liveness'),
    jpeg: fields.has('crop'),
  };
  return answerFaces(deps, request, {
    fields,
    needs,
    check: (analysis) => enforcePolicies(analysis.faces, analysis, options),
    extend: async (analysis, timings) => {
      const embeddings = analysis.faces.map(embeddingOf);
      const hits = await searchFaces(deps, matching, recognizer, embeddings, signal, timings);
      const told = analysis.faces.map((face, i) => {
        const trusted = isTrusted(face, analysis);
        const known = tellMatches(
          hits[i] ?? [],
          matching,
          recognizer.manifest,
          trusted,
          deps.settings.people.min_margin,
        );
        const result = !trusted ? 'untrusted' : known.identity === null ? 'unknown' : 'identified';
        deps.metrics.recognizedFaces.inc({ result });
        return known;
      });
      return (answer, i) => {
        answer.matches = told[i]?.matches ?? [];
        answer.identity = told[i]?.identity ?? null;
      };
    },
  });
}
