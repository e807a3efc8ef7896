/** The face with a number: its vector, digest and crop follow from it. */
import type { NewFace } from '../../../src/contract/people.ts';
import { cropFor, newFace, unitVector } from '../../gallery/store/new-face.ts';

export const STORM_DIM = 64;
const CROP_BYTES = 3000;

export function stormVector(face: number): Float32Array {
  return unitVector(face, STORM_DIM);
}

export function stormFace(name: string, face: number): NewFace {
  const crop = face % 8 === 0 ? cropFor(face, CROP_BYTES) : null;
  return newFace(name, face, { embeddings: new Map([['storm', stormVector(face)]]), digest: String(face), crop });
}
