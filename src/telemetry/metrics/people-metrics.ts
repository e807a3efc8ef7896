/** People: how many there are, whether they can be asked for, and what enrolling, searching and changing comes to. */
import { type PeopleStatus, REFUSALS } from '../../contract/people.ts';
import { type Declare, stateSet } from './declare.ts';

export const PEOPLE_STATES: readonly PeopleStatus['state'][] = ['off', 'empty', 'loading', 'ready', 'failed'];
/** `known`: this picture of this subject was enrolled before. `failed`: anything but a refusal by policy. */
export const ENROLMENT_RESULTS = ['created', 'known', ...REFUSALS, 'failed'] as const;
export type EnrolmentResult = (typeof ENROLMENT_RESULTS)[number];
/** Of a face in /recognize. `untrusted`: its OOD score is not accepted, or it is a spoof; then nobody is named. */
export const FACE_RESULTS = ['identified', 'unknown', 'untrusted'] as const;
export type FaceResult = (typeof FACE_RESULTS)[number];
/** What is written to the store; each is timed until it is durable. */
export const PEOPLE_WRITES = [
  'add_face',
  'delete_face',
  'create_subject',
  'change_subject',
  'merge_subjects',
  'delete_subject',
  'create_collection',
  'delete_collection',
  'add_vectors',
  'expire',
  'restore',
] as const;
export type PeopleWrite = (typeof PEOPLE_WRITES)[number];

/** A small collection is microseconds, a million faces tens of milliseconds. */
const SEARCH_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
/** A write waits for the disk. */
const WRITE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

export function declarePeople(declare: Declare) {
  let read: () => PeopleStatus | null = () => null;
  /** Of an open store only: what is not known has no series. */
  const ofStore = (name: string, help: string, value: (status: PeopleStatus) => number): void => {
    declare.readings(name, help, [], () => {
      const status = read();
      const isOpen = status !== null && ['empty', 'ready'].includes(status.state);
      return [[{}, isOpen ? value(status) : null] as const];
    });
  };

  declare.readings('people_state', '1 for the state that people are in, 0 for every other', ['state'], function* () {
    const status = read();
    if (status !== null) yield* stateSet(PEOPLE_STATES, status.state, {});
  });
  ofStore('people_collections', 'Collections', ({ collections }) => collections);
  ofStore('people_subjects', 'Subjects in all collections', ({ subjects }) => subjects);
  ofStore('people_faces', 'Enrolled faces in all collections', ({ faces }) => faces);
  ofStore(
    'people_mismatched_faces',
    'Enrolled faces in an embedding space that no recognizer here makes: they are not recognized',
    ({ mismatch }) => mismatch?.faces ?? 0,
  );
  ofStore('people_store_bytes', 'Size of the file that people are kept in, in bytes', (status) => status.store_bytes);
  ofStore('people_index_bytes', 'Shared memory of the search, in bytes', (status) => status.index_bytes);

  const peopleEnrolments = declare.counter(
    'people_enrolments_total',
    'Enrolments by outcome: created, known (enrolled before), failed, or why it was refused',
    ['result'],
  );
  const recognizedFaces = declare.counter(
    'recognize_faces_total',
    'Faces that were looked for, by outcome: identified, unknown, untrusted (no clear face, or not live)',
    ['result'],
  );
  // `increase()` does not see the first count of a series that begins at 1.
  for (const result of ENROLMENT_RESULTS) peopleEnrolments.inc({ result }, 0);
  for (const result of FACE_RESULTS) recognizedFaces.inc({ result }, 0);

  return {
    /** What the states and counts show, read at the scrape; the last one registered counts. */
    observePeople(status: () => PeopleStatus | null): void {
      read = status;
    },
    /** Labels: result (EnrolmentResult). */
    peopleEnrolments,
    /** Labels: result (FaceResult). */
    recognizedFaces,
    /** One observation for each call of `Gallery.match`, whatever the number of faces. */
    peopleSearchDuration: declare.histogram(
      'people_search_seconds',
      'Time of one search, with its wait for a thread, in seconds',
      [],
      SEARCH_BUCKETS,
    ),
    /** Labels: op (PeopleWrite). */
    peopleWriteDuration: declare.histogram(
      'people_write_seconds',
      'Time of one change until it is durable, in seconds',
      ['op'],
      WRITE_BUCKETS,
    ),
  };
}
