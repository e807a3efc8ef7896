import type { NewFace } from '../contract/people.ts';

/** A face that was brought as numbers: nothing else is known of it. */
export function bareFace(collection: string, subject: string, embeddings: NewFace['embeddings']): NewFace {
  return {
    collection,
    subject,
    source: 'embedding',
    embeddings,
    digest: null,
    box: null,
    detScore: null,
    quality: null,
    ood: null,
    liveness: null,
    crop: null,
    original: null,
  };
}
