/** People as lines: what is kept, who there is, and the faces of one. */
import type { Collection, PeopleStatus, StoredFace, Subject } from '../contract/people.ts';
import { formatBytes } from '../util/format.ts';
import { timeText } from './alert-lines.ts';
import { cut, type FitColumn, fitTable } from './fit.ts';
import { type Io, printable } from './io.ts';
import type { Cell } from './table.ts';

const NONE = '-';
const MOST_METADATA = 60;

/** `1 person`, `3 people`. */
export function countText(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

export function peopleText(count: number): string {
  return countText(count, 'person', 'people');
}

/** `100 people with 312 faces in 2 collections`. */
export function totalsText(totals: Pick<PeopleStatus, 'collections' | 'subjects' | 'faces'>): string {
  const { collections, subjects, faces } = totals;
  return `${peopleText(subjects)} with ${countText(faces, 'face')} in ${countText(collections, 'collection')}`;
}

const STATE_WORDS: Readonly<Record<PeopleStatus['state'], string>> = {
  off: 'people are switched off (people.enabled)',
  empty: 'nobody is enrolled yet',
  loading: 'people are being loaded',
  ready: 'people can be asked for',
  failed: 'people cannot be asked for',
};

export function statusLines(io: Io, status: PeopleStatus, width: number): string[] {
  const detail = status.detail === '' ? '' : `: ${status.detail}`;
  const rows: Cell[][] = [
    ['store', `${formatBytes(status.store_bytes)}, ${status.encrypted ? 'encrypted' : 'not encrypted'}`],
    ['search', `${formatBytes(status.index_bytes)} of shared memory`],
    ['pictures', { never: 'not kept', crops: 'crops are kept', originals: 'kept whole' }[status.store_images]],
    ['kept for', status.retention_days === 0 ? 'ever' : countText(status.retention_days, 'day')],
    ...(status.erasing === 0 ? [] : [['still erased', countText(status.erasing, 'deleted collection')]]),
    ['least margin', status.min_margin === 0 ? 'none' : String(status.min_margin)],
  ];
  const columns: FitColumn[] = [
    { title: 'WHAT', spare: 0 },
    { title: '', spare: 0 },
  ];
  const sentences = [
    ...(status.mismatch === null ? [] : [`!! ${status.mismatch.detail}`]),
    `${STATE_WORDS[status.state]}${detail}`,
    totalsText(status),
  ];
  return [...sentences.map(printable), '', ...fitTable(io, columns, rows, width)];
}

const COLLECTION_COLUMNS: readonly FitColumn[] = [
  { title: 'COLLECTION', spare: 0 },
  { title: 'PEOPLE', align: 'right', spare: 0 },
  { title: 'FACES', align: 'right', spare: 0 },
  { title: 'SPACE', spare: 1 },
  { title: 'ALSO', spare: 2 },
  { title: 'CHANGED (UTC)', spare: 3 },
  { title: 'CREATED (UTC)', spare: 4 },
];

export function collectionLines(io: Io, collections: readonly Collection[], width: number): string[] {
  const rows = collections.map((collection): Cell[] => [
    collection.name,
    collection.subjects,
    collection.faces,
    collection.space ?? NONE,
    collection.also.length === 0 ? NONE : collection.also.join(', '),
    timeText(collection.updated_at),
    timeText(collection.created_at),
  ]);
  return fitTable(io, COLLECTION_COLUMNS, rows, width);
}

const SUBJECT_COLUMNS: readonly FitColumn[] = [
  { title: 'PERSON', spare: 0 },
  { title: 'FACES', align: 'right', spare: 0 },
  { title: 'METADATA', spare: 2 },
  { title: 'CHANGED (UTC)', spare: 1 },
  { title: 'CREATED (UTC)', spare: 4 },
  { title: 'ID', spare: 3 },
];

export function subjectLines(io: Io, subjects: readonly Subject[], width: number): string[] {
  const rows = subjects.map((subject): Cell[] => [
    subject.subject,
    subject.faces,
    cut(metadataText(subject), MOST_METADATA),
    timeText(subject.updated_at),
    timeText(subject.created_at),
    subject.id,
  ]);
  return fitTable(io, SUBJECT_COLUMNS, rows, width);
}

const FACE_COLUMNS: readonly FitColumn[] = [
  { title: 'FACE', spare: 0 },
  { title: 'ENROLLED (UTC)', spare: 1 },
  { title: 'FROM', spare: 5 },
  { title: 'SIZE', spare: 3 },
  { title: 'QUALITY', align: 'right', spare: 2 },
  { title: 'OOD', align: 'right', spare: 4 },
  { title: 'LIVENESS', align: 'right', spare: 4 },
  { title: 'KEPT', spare: 6 },
  { title: 'SPACE', spare: 7 },
];

/** The subject in a few lines, then a row for each face. */
export function subjectAndFaces(io: Io, subject: Subject, faces: readonly StoredFace[], width: number): string[] {
  const metadata = metadataText(subject);
  const head = [
    `${subject.subject}: ${countText(subject.faces, 'face')}, id ${subject.id}`,
    `enrolled ${timeText(subject.created_at)}, changed ${timeText(subject.updated_at)}`,
    ...(metadata === NONE ? [] : [metadata]),
  ].map(printable);
  if (faces.length === 0) return head;
  const rows = faces.map((face): Cell[] => [
    face.face_id,
    timeText(face.created_at),
    face.source,
    sizeText(face),
    scoreText(face.quality),
    scoreText(face.ood),
    scoreText(face.liveness),
    [face.crop ? 'crop' : '', face.original ? 'picture' : ''].filter((part) => part !== '').join(', ') || NONE,
    face.space,
  ]);
  return [...head, '', ...fitTable(io, FACE_COLUMNS, rows, width)];
}

function sizeText({ box }: StoredFace): string {
  return box === null ? NONE : `${Math.round(box.x_max - box.x_min)}×${Math.round(box.y_max - box.y_min)}`;
}

function scoreText(score: number | null): string {
  return score === null ? NONE : score.toFixed(3);
}

/** `employee=17 floor="3rd"`, as `people set` takes it. */
function metadataText({ metadata }: Subject): string {
  const fields = Object.entries(metadata).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return fields.length === 0 ? NONE : fields.join(' ');
}
