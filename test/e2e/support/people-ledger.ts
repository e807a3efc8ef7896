/**
 * What a child that is killed said it had been acknowledged, against what is there afterwards. Each lane of the child does one
 * thing after the other to subjects of its own, so that at most one thing per lane is not known to have happened.
 */
import { isDeepStrictEqual } from 'node:util';

/** Faces by number. `name` and `to` begin with their lane. */
export type Deed = { readonly lane: number; readonly name: string } & (
  | { readonly op: 'enrol'; readonly face: number }
  | { readonly op: 'delete' }
  | { readonly op: 'rename' | 'merge'; readonly to: string }
  | { readonly op: 'delete-face'; readonly face: number }
);
/** A line of the child. `ok`: the deed was acknowledged. */
export type Line = { readonly deed: Deed; readonly ok: boolean };

/** Subjects of a lane and the numbers of their faces, sorted. */
export type Lane = ReadonlyMap<string, readonly number[]>;

export function laneOf(name: string): number {
  return Number(name.slice(0, name.indexOf('-')));
}

export function after(lane: Lane, deed: Deed): Lane {
  const next = new Map(lane);
  const faces = next.get(deed.name) ?? [];
  switch (deed.op) {
    case 'enrol':
      next.set(
        deed.name,
        [...faces, deed.face].sort((a, b) => a - b),
      );
      break;
    case 'delete-face':
      next.set(
        deed.name,
        faces.filter((face) => face !== deed.face),
      );
      break;
    case 'delete':
      next.delete(deed.name);
      break;
    case 'rename':
    case 'merge':
      next.delete(deed.name);
      next.set(
        deed.to,
        [...(next.get(deed.to) ?? []), ...faces].sort((a, b) => a - b),
      );
      break;
    default:
      deed satisfies never;
  }
  return next;
}

export class Ledger {
  readonly #lanes = new Map<number, Lane>();
  readonly #begun = new Map<number, Deed>();
  readonly counts: Record<Deed['op'], number> = { enrol: 0, delete: 0, rename: 0, merge: 0, 'delete-face': 0 };

  lane(lane: number): Lane {
    return this.#lanes.get(lane) ?? new Map();
  }

  hear({ deed, ok }: Line): void {
    if (!ok) {
      this.#begun.set(deed.lane, deed);
      return;
    }
    this.#begun.delete(deed.lane);
    this.#lanes.set(deed.lane, after(this.lane(deed.lane), deed));
    this.counts[deed.op] += 1;
  }

  /**
   * Compares with what is there, which is then taken as known.
   * @returns sentences, one per lane that is neither as acknowledged nor as it would be with what was begun
   */
  compare(found: ReadonlyMap<number, Lane>): string[] {
    const faults: string[] = [];
    for (const number of new Set([...this.#lanes.keys(), ...this.#begun.keys(), ...found.keys()])) {
      const is = new Map(found.get(number));
      const known = this.lane(number);
      const deed = this.#begun.get(number);
      const allowed = [known, ...(deed === undefined ? [] : [after(known, deed)])];
      if (!allowed.some((lane) => isDeepStrictEqual(lane, is))) faults.push(difference(known, is, deed));
      this.#lanes.set(number, is);
    }
    this.#begun.clear();
    return faults;
  }
}

function difference(known: Lane, is: Lane, deed: Deed | undefined): string {
  const faces = (lane: Lane): number[] => [...lane.values()].flat();
  const lost = faces(known).filter((face) => !faces(is).includes(face));
  const extra = faces(is).filter((face) => !faces(known).includes(face));
  const names = [...known.keys()].filter((name) => !is.has(name));
  const back = [...is.keys()].filter((name) => !known.has(name));
  return `lost faces ${lost.join()}, more ${extra.join()}; lost subjects ${names.join()}, more ${back.join()}; begun ${JSON.stringify(deed)}`;
}
