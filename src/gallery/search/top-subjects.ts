/** The best hits of one query so far: of each subject its nearest face, at most `k` subjects. */
import type { SubjectId } from '../people-store.ts';

/** `row` of the index. */
export type RowHit = { readonly row: number; readonly subject: SubjectId; readonly cosine: number };

/** Whether the face in row `a` is older than that in row `b`. */
export type IsOlder = (a: number, b: number) => boolean;

export class TopSubjects {
  readonly #k: number;
  readonly #isOlder: IsOlder;
  readonly #hits = new Map<SubjectId, RowHit>();
  #worst: RowHit | null = null;

  constructor(k: number, isOlder: IsOlder) {
    this.#k = k;
    this.#isOlder = isOlder;
  }

  /** What is below this can be no hit; what is equal can, if it is older. −Infinity as long as there is room. */
  get floor(): number {
    return this.#worst?.cosine ?? Number.NEGATIVE_INFINITY;
  }

  /** The same for a row of this subject, of which a nearer face may be here already. */
  floorOf(subject: SubjectId): number {
    return Math.max(this.floor, this.#hits.get(subject)?.cosine ?? Number.NEGATIVE_INFINITY);
  }

  offer(hit: RowHit): void {
    const own = this.#hits.get(hit.subject);
    if (own !== undefined) {
      if (!this.#isBetter(hit, own)) return;
    } else if (this.#worst !== null) {
      if (!this.#isBetter(hit, this.#worst)) return;
      this.#hits.delete(this.#worst.subject);
    }
    this.#hits.set(hit.subject, hit);
    this.#worst = this.#hits.size < this.#k ? null : this.#findWorst();
  }

  /** Best first. */
  sorted(): readonly RowHit[] {
    return [...this.#hits.values()].sort((a, b) => (this.#isBetter(a, b) ? -1 : 1));
  }

  #isBetter(a: RowHit, b: RowHit): boolean {
    return a.cosine > b.cosine || (a.cosine === b.cosine && this.#isOlder(a.row, b.row));
  }

  #findWorst(): RowHit | null {
    let worst: RowHit | null = null;
    for (const hit of this.#hits.values()) if (worst === null || this.#isBetter(worst, hit)) worst = hit;
    return worst;
  }
}
