/** Faces as rows: which columns there are depends on what the server found out. */
import type { FaceAnswer } from '../contract/results.ts';
import { type FitColumn, fitTable, widthOf } from './fit.ts';
import { type Io, printAll } from './io.ts';
import type { Cell } from './table.ts';

export type FileFaces = { readonly file: string; readonly faces: readonly FaceAnswer[] };

type FaceColumn = FitColumn & {
  /** undefined: this face has nothing to show here. */
  readonly cell: (face: FaceAnswer) => Cell | undefined;
};

const FACE_COLUMNS: readonly FaceColumn[] = [
  { title: 'SCORE', align: 'right', spare: 6, cell: (face) => face.det_score.toFixed(3) },
  { title: 'BOX', spare: 5, cell: ({ box }) => `${Math.round(box.x_min)},${Math.round(box.y_min)}` },
  {
    title: 'SIZE',
    spare: 4,
    cell: ({ box }) => `${Math.round(box.x_max - box.x_min)}×${Math.round(box.y_max - box.y_min)}`,
  },
  {
    title: 'QUALITY',
    spare: 2,
    cell: ({ quality }) =>
      quality && flagged(quality.score, quality.usable, quality.usable ? 'usable' : quality.reasons.join(', ')),
  },
  {
    title: 'OOD',
    spare: 1,
    cell: ({ ood }) => ood && flagged(ood.score, ood.accepted, ood.accepted ? 'accepted' : 'rejected'),
  },
  {
    title: 'LIVENESS',
    spare: 1,
    cell: ({ liveness }) => liveness && flagged(liveness.score, liveness.label === 'live', liveness.label),
  },
  {
    title: 'EMBEDDING',
    spare: 7,
    cell: ({ embedding }) => embedding && `${embedding.space}, ${embedding.dim} numbers`,
  },
  { title: 'IDENTITY', spare: 0, cell: identityCell },
  { title: 'SIMILARITY', align: 'right', spare: 0, cell: ({ matches }) => matches?.[0]?.similarity.toFixed(3) },
  { title: 'MARGIN', align: 'right', spare: 3, cell: ({ matches }) => matches?.[0]?.margin?.toFixed(3) },
];

/** Who it is; where it is nobody who is known, whom it is nearest to. */
function identityCell({ identity, matches }: FaceAnswer): Cell | undefined {
  if (identity === undefined) return undefined;
  if (identity !== null) return { text: identity, style: 'green' };
  const best = matches?.[0];
  return best === undefined ? '-' : { text: `unknown, nearest ${best.subject}`, style: 'yellow' };
}

function flagged(score: number, good: boolean, word: string): Cell {
  return { text: `${score.toFixed(3)} ${word}`, style: good ? 'green' : 'red' };
}

/** One row per face; a file without faces has one that says so. */
export function printFaces(io: Io, files: readonly FileFaces[]): void {
  const all = files.flatMap(({ faces }) => faces);
  const shown = FACE_COLUMNS.filter(({ cell }) => all.some((face) => cell(face) !== undefined));
  const columns: FitColumn[] = [{ title: 'FILE', spare: 0 }, { title: 'FACE', align: 'right', spare: 0 }, ...shown];
  const rows = files.flatMap(({ file, faces }): Cell[][] =>
    faces.length === 0
      ? [[file, 'none']]
      : faces.map((face, i) => [file, i + 1, ...shown.map(({ cell }) => cell(face) ?? '-')]),
  );
  if (rows.length > 0) printAll(io, fitTable(io, columns, rows, widthOf(io)));
}
