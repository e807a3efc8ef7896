/** What an import has come to, counted as it goes. */
import type { PeopleFolder } from './folder.ts';
import type { Outcome, Result } from './outcome.ts';

export type Reason = {
  readonly code: string;
  pictures: number;
  readonly people: Set<string>;
  /** The first picture that it was said of. */
  readonly example: Outcome;
};

type PersonTally = { readonly pictures: number; done: number; here: number };

export class Tally {
  readonly pictures: number;
  readonly people: number;
  readonly counts: Record<Result, number> = { enrolled: 0, present: 0, new: 0, refused: 0, failed: 0 };
  /** Why pictures were refused or failed, by code. */
  readonly reasons = new Map<string, Reason>();
  /** What was enrolled all the same, by code. */
  readonly warnings = new Map<string, number>();
  readonly #people = new Map<string, PersonTally>();

  constructor({ people, troubles }: Pick<PeopleFolder, 'people' | 'troubles'>) {
    this.pictures = people.reduce((sum, { pictures }) => sum + pictures.length, 0) + troubles.length;
    for (const { name, pictures } of people) this.#people.set(name, { pictures: pictures.length, done: 0, here: 0 });
    for (const { person } of troubles) {
      const { pictures = 0 } = this.#people.get(person) ?? {};
      this.#people.set(person, { pictures: pictures + 1, done: 0, here: 0 });
    }
    this.people = this.#people.size;
  }

  add(outcome: Outcome): void {
    const { person, result, code } = outcome;
    this.counts[result] += 1;
    const one = this.#people.get(person);
    if (one !== undefined) {
      one.done += 1;
      if (result !== 'refused' && result !== 'failed') one.here += 1;
    }
    if (result === 'refused' || result === 'failed') this.#addReason(outcome);
    else if (code !== '') this.warnings.set(code, (this.warnings.get(code) ?? 0) + 1);
  }

  #addReason(outcome: Outcome): void {
    const { code, person } = outcome;
    const reason = this.reasons.get(code) ?? { code, pictures: 0, people: new Set(), example: outcome };
    reason.pictures += 1;
    reason.people.add(person);
    this.reasons.set(code, reason);
  }

  /** Pictures that are done. */
  get done(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** People all of whose pictures are done. */
  get peopleDone(): number {
    return this.#names((one) => one.done === one.pictures).length;
  }

  /** People of whom no picture was taken, though all were tried. */
  get nobody(): readonly string[] {
    return this.#names((one) => one.pictures > 0 && one.done === one.pictures && one.here === 0);
  }

  /** People whose folders have no picture. */
  get withoutPicture(): readonly string[] {
    return this.#names((one) => one.pictures === 0);
  }

  #names(which: (one: PersonTally) => boolean): string[] {
    return [...this.#people].flatMap(([name, one]) => (which(one) ? [name] : []));
  }
}
