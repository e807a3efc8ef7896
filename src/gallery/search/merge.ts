/** What the parts of a pass found, put together and checked against what happened meanwhile. */
import type { SubjectId } from '../people-store.ts';
import type { IndexHit } from '../vector-index.ts';
import type { RowHit } from './top-subjects.ts';

/** The face in a row and its subject as it is now; null: removed. */
export type FaceOf = (row: number) => { readonly faceId: string; readonly subject: SubjectId } | null;

export type Merged = {
  readonly hits: IndexHit[];
  /**
   * False: something that was removed or relabelled while the pass ran stood in the place of hits that are missing here,
   * so that one has to search again.
   */
  readonly isWhole: boolean;
};

type Candidate = RowHit & { readonly faceId: string; readonly now: SubjectId | null };

/** @param parts hits of one query, best first, each of at most `k` subjects */
export function merge(parts: readonly (readonly RowHit[])[], k: number, faceOf: FaceOf): Merged {
  const candidates = parts.map((part) => part.map((hit): Candidate => candidateOf(hit, faceOf)));
  const all = candidates.flat().sort(order);
  // A part with `k` hits may know more; what comes behind its last one is not certain.
  const last = candidates.flatMap((part) => (part.length < k ? [] : part.slice(-1))).sort(order)[0];
  const hits: IndexHit[] = [];
  const subjects = new Set<SubjectId>();
  for (const candidate of all) {
    if (hits.length === k) break;
    // Its subject may have another face, and a part in which it took a place another subject.
    if (candidate.now === null) return { hits, isWhole: false };
    if (last !== undefined && order(last, candidate) < 0) return { hits, isWhole: false };
    if (subjects.has(candidate.now)) continue;
    subjects.add(candidate.now);
    hits.push({ faceId: candidate.faceId, subject: candidate.now, cosine: candidate.cosine });
  }
  return { hits, isWhole: hits.length === k || last === undefined };
}

function candidateOf(hit: RowHit, faceOf: FaceOf): Candidate {
  const face = faceOf(hit.row);
  return { ...hit, faceId: face?.faceId ?? '', now: face?.subject ?? null };
}

function order(a: Candidate, b: Candidate): number {
  if (a.cosine !== b.cosine) return b.cosine - a.cosine;
  if (a.faceId !== b.faceId) return a.faceId < b.faceId ? -1 : 1;
  return a.row - b.row;
}
