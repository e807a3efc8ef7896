/**
 * One index: a table of rows, and passes over it. At most one pass runs at a time, in all threads; queries that come
 * meanwhile wait and share the next, so that a crowd's faces read the memory once. A small index is searched at once,
 * here: a thread would take longer to answer.
 */
import { FacepoolError } from '../../contract/errors.ts';
import { onAbort } from '../../util/abort.ts';
import type { SubjectId } from '../people-store.ts';
import type { IndexedVector, IndexHit, VectorIndex } from '../vector-index.ts';
import { merge } from './merge.ts';
import { overwrite } from './overwrite.ts';
import { checkVector, RowTable } from './row-table.ts';
import type { Runner } from './runner.ts';
import { chunksOf, scan } from './scan.ts';
import type { PartHits, Pass, Query } from './scan.ts';
import type { Shape } from './segment.ts';

/** Queries of one pass: more would let a single one wait too long. */
const MOST_QUERIES = 32;
/** Rows that are compared twice for each hit asked for, with what that costs. */
const ROWS_PER_HIT = 64;

/** Times that a query is tried when threads die under it. */
const MOST_TRIES = 2;

export type LiveIndexOptions = {
  /** Numbers that may be compared on the event loop. */
  readonly inline: number;
  /** Rows that a thread takes at once. */
  readonly chunkRows: number;
  /** Calls it soon, when whoever was answered just now has asked again. */
  readonly soon: (begin: () => void) => void;
};

/** Numbers: 0.2 ms or so. Rows: some 50 µs, so that no thread waits long for one that the system stopped. */
const DEFAULTS: LiveIndexOptions = { inline: 2 ** 22, chunkRows: 4096, soon: setImmediate };

type Job = Query & {
  readonly resolve: (hits: IndexHit[]) => void;
  readonly reject: (reason: unknown) => void;
  failures: number;
  isAborted: boolean;
};

export class LiveIndex implements VectorIndex {
  readonly #shape: Shape;
  readonly #runner: Runner;
  readonly #options: LiveIndexOptions;
  #table: RowTable;
  #waiting: Job[] = [];
  #running: readonly Job[] | null = null;
  /** A pass is about to begin. */
  #isDue = false;
  /** Tables that were cleared while a pass ran over them. */
  #cleared: RowTable[] = [];
  #wasSent = false;
  #closed: FacepoolError | null = null;

  /** `options`: for tests. */
  constructor(dim: number, runner: Runner, options: Partial<LiveIndexOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#shape = { dim, parts: runner.threads };
    this.#runner = runner;
    this.#table = new RowTable(this.#shape);
  }

  get size(): number {
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  add(vectors: readonly IndexedVector[]): void {
    this.#table.add(vectors);
  }

  remove(faceIds: readonly string[]): void {
    this.#table.remove(faceIds);
  }

  relabel(from: SubjectId, to: SubjectId): void {
    if (from !== to) this.#table.relabel(from, to);
  }

  async search(queries: readonly Float32Array[], k: number, signal: AbortSignal): Promise<IndexHit[][]> {
    signal.throwIfAborted();
    if (this.#closed !== null) throw this.#closed;
    for (const vector of queries) checkVector(vector, this.#shape.dim);
    if (!Number.isInteger(k) || k < 1) throw new RangeError(`${k} is no number of hits`);
    const jobs: Job[] = [];
    const results = queries.map((vector) => {
      return new Promise<IndexHit[]>((resolve, reject) => {
        jobs.push({ vector, k, resolve, reject, failures: 0, isAborted: false });
      });
    });
    const off = onAbort(signal, (reason) => {
      for (const job of jobs) {
        job.isAborted = true;
        job.reject(reason);
      }
    });
    this.#waiting.push(...jobs);
    this.#next();
    try {
      return await Promise.all(results);
    } finally {
      off();
    }
  }

  clear(): void {
    const table = this.#table;
    this.#table = new RowTable(this.#shape);
    if (this.#running === null) this.#forget(table);
    else this.#cleared.push(table);
  }

  /** Searches that wait or run reject with `reason`, and so does every later one. */
  close(reason: FacepoolError): void {
    this.#closed = reason;
    for (const { reject } of [...this.#waiting.splice(0), ...(this.#running ?? [])]) reject(reason);
  }

  /** Searches here, or sees to it that a pass begins when none runs. */
  #next(): void {
    if (this.#running !== null || this.#isDue) return;
    this.#waiting = this.#waiting.filter(({ isAborted }) => !isAborted);
    const { inline, soon } = this.#options;
    const { rows } = this.#table;
    const looks = this.#waiting.reduce((sum, { k }) => sum + rows + Math.min(k, rows) * ROWS_PER_HIT, 0);
    if (rows === 0 || looks * this.#shape.dim <= inline) {
      const jobs = this.#waiting.splice(0);
      if (jobs.length > 0) this.#finish(jobs, [scan(this.#passOf(jobs), this.#table.segments)], this.#table);
      return;
    }
    this.#isDue = true;
    soon(() => {
      this.#isDue = false;
      this.#startPass();
    });
  }

  #passOf(jobs: readonly Job[]): Pass {
    const { rows, longest } = this.#table;
    const queries = jobs.map(({ vector, k }) => ({ vector, k }));
    // Of this pass only: a part that begins late must find that nothing is left.
    return { queries, rows, longest, chunkRows: this.#options.chunkRows, next: new SharedArrayBuffer(4) };
  }

  #startPass(): void {
    const table = this.#table;
    this.#waiting = this.#waiting.filter(({ isAborted }) => !isAborted);
    // Everybody may have gone since.
    if (table.rows === 0) return this.#next();
    const jobs = this.#waiting.splice(0, MOST_QUERIES);
    if (jobs.length === 0) return;
    const pass = this.#passOf(jobs);
    table.pin();
    this.#running = jobs;
    this.#wasSent = true;
    this.#runPass(jobs, pass, table).catch((cause: unknown) => {
      // Nothing that is known: nobody shall wait for ever all the same.
      this.#running = null;
      for (const { reject } of jobs) reject(failed(cause));
    });
  }

  async #runPass(jobs: readonly Job[], pass: Pass, table: RowTable): Promise<void> {
    const { found, failure } = await this.#runParts(pass, table);
    if (found === null) this.#fail(jobs, failure);
    else this.#finish(jobs, found, table);
    table.unpin();
    this.#running = null;
    for (const cleared of this.#cleared.splice(0)) this.#forget(cleared);
    if (this.#closed === null) this.#next();
  }

  /** Resolves when no thread reads rows any more: a part that has not begun when the others are done is not waited for. */
  #runParts(pass: Pass, table: RowTable): Promise<{ readonly found: PartHits[] | null; readonly failure: unknown }> {
    const segments = table.sent;
    const all = chunksOf(pass);
    const parts = Math.min(this.#shape.parts, all);
    const found: PartHits[] = [];
    let chunks = 0;
    let ended = 0;
    let failure: unknown;
    return new Promise((resolve) => {
      const end = (): void => {
        ended++;
        if (chunks === all) resolve({ found, failure });
        else if (ended === parts) resolve({ found: null, failure });
      };
      for (let part = 0; part < parts; part++) {
        this.#runner
          .run({ pass, shape: this.#shape, part, segments })
          .then(
            (own) => {
              chunks += own.chunks;
              found.push(own);
            },
            (error: unknown) => {
              failure = error;
            },
          )
          .finally(end);
      }
    });
  }

  /** Answers the queries; those that lost a hit meanwhile go first in the next pass. */
  #finish(jobs: readonly Job[], parts: readonly PartHits[], table: RowTable): void {
    const again: Job[] = [];
    jobs.forEach((job, i) => {
      const own = parts.map(({ hits }) => hits[i] ?? []);
      const { hits, isWhole } = merge(own, job.k, (row) => (table === this.#table ? table.face(row) : null));
      if (isWhole) job.resolve(hits);
      else again.push(job);
    });
    this.#waiting.unshift(...again);
  }

  #fail(jobs: readonly Job[], cause: unknown): void {
    const again: Job[] = [];
    for (const job of jobs) {
      job.failures++;
      if (job.failures < MOST_TRIES) again.push(job);
      else job.reject(failed(cause));
    }
    this.#waiting.unshift(...again);
  }

  #forget(table: RowTable): void {
    void overwrite(table.written());
    if (this.#wasSent) this.#runner.renew();
    this.#wasSent = false;
  }
}

function failed(cause: unknown): FacepoolError {
  return new FacepoolError('people_unavailable', 'the search failed', { cause });
}
