/** Faces as rows: which columns there are depends on what the server found out. */
import type { FaceAnswer } from '../contract/results.ts';
import type { Io } from './io.ts';
import { type Cell, printTable } from './table.ts';

export type FileFaces = { readonly file: string; readonly faces: readonly FaceAnswer[] };

type FaceColumn = {
  readonly title: string;
  readonly align?: 'right';
  /** undefined: this face has nothing to show here. */
  readonly cell: (face: FaceAnswer) => Cell | undefined;
};

const FACE_COLUMNS: readonly FaceColumn[] = [
  { title: 'SCORE', align: 'right', cell: (face) => face.det_score.toFixed(3) },
  { title: 'BOX', cell: ({ box }) => `${Math.round(box.x_min)},${Math.round(box.y_min)}` },
  {
    title: 'SIZE',
    cell: ({ box }) => `${Math.round(box.x_max - box.x_min)}×${Math.round(box.y_max - box.y_min)}`,
  },
  {
    title: 'QUALITY',
    cell: ({ quality }) =>
      quality && flagged(quality.score, quality.usable, quality.usable ? 'usable' : quality.reasons.join(', ')),
  },
  { title: 'OOD', cell: ({ ood }) => ood && flagged(ood.score, ood.accepted, ood.accepted ? 'accepted' : 'rejected') },
  {
    title: 'LIVENESS',
    cell: ({ liveness }) => liveness && flagged(liveness.score, liveness.label === 'live', liveness.label),
  },
  { title: 'EMBEDDING', cell: ({ embedding }) => embedding && `${embedding.space}, ${embedding.dim} numbers` },
  {
    title: 'IDENTITY',
    cell: ({ identity, matches }) => {
      if (identity === undefined) return undefined;
      const best = matches?.[0];
      return best === undefined ? (identity ?? '-') : `${identity ?? '-'} (${best.subject} ${best.cosine.toFixed(3)})`;
    },
  },
];

function flagged(score: number, good: boolean, word: string): Cell {
  return { text: `${score.toFixed(3)} ${word}`, style: good ? 'green' : 'red' };
}

/** One row per face; a file without faces has one that says so. */
export function printFaces(io: Io, files: readonly FileFaces[]): void {
  const all = files.flatMap(({ faces }) => faces);
  const shown = FACE_COLUMNS.filter(({ cell }) => all.some((face) => cell(face) !== undefined));
  const columns = [{ title: 'FILE' }, { title: 'FACE', align: 'right' as const }, ...shown];
  const rows = files.flatMap(({ file, faces }): Cell[][] =>
    faces.length === 0
      ? [[file, 'none']]
      : faces.map((face, i) => [file, i + 1, ...shown.map(({ cell }) => cell(face) ?? '-')]),
  );
  if (rows.length > 0) printTable(io, columns, rows);
}
