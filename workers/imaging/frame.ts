/** An open picture: its encoded bytes, the reduced frame, a larger one when small faces ask for it, and its crops. */
import type { FrameId, SharedTensor } from '../../src/contract/protocol.ts';
import type { Slot } from '../../src/frames/arena.ts';
import type { Holding } from './byte-budget.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CropSpec } from '../../src/contract/manifest.ts';
import { decode, fitInside } from './decode.ts';
import type { Header } from './decode.ts';
import { paddedBytes } from './raster.ts';
import type { Raster } from './raster.ts';

/** Crops of all faces, per spec [faces, size, size, 3]. */
export type CropSet = {
  readonly specs: readonly CropSpec[];
  readonly outputs: readonly Uint8Array[];
  readonly faces: number;
};

/** A larger decode must be this much larger than what is there to be worth its time. */
const WORTHWHILE = 1.1;

export type FrameParts = {
  readonly encoded: Uint8Array;
  readonly header: Header;
  readonly maxPixels: number;
  readonly reduced: Raster;
  readonly holding: Holding;
  /** Where `reduced` lies, if that is shared memory. */
  readonly slot: Slot | null;
};

export class Frame {
  readonly id: FrameId;
  readonly header: Header;
  readonly reduced: Raster;
  readonly #parts: FrameParts;
  readonly #budget: ByteBudget;
  readonly #sets = new Map<number, CropSet>();
  #larger: Raster | null = null;
  #decoding: Promise<unknown> = Promise.resolve();
  #lastSet = 0;
  readonly #slots: Slot[] = [];
  #uses = 0;
  #closed = false;

  constructor(id: FrameId, parts: FrameParts, budget: ByteBudget) {
    this.id = id;
    this.header = parts.header;
    this.reduced = parts.reduced;
    this.#parts = parts;
    this.#budget = budget;
    if (parts.slot !== null) this.#slots.push(parts.slot);
  }

  /** The detector's input, where it lies in shared memory. */
  get shared(): SharedTensor | null {
    return this.#parts.slot?.tensor ?? null;
  }

  /** Frees everything at once; what still runs is thrown away when it ends, and only then its shared memory is free. */
  close(): void {
    this.#closed = true;
    this.#parts.holding.release();
    this.#sets.clear();
    this.#larger = null;
    this.#freeSlots();
  }

  /** A call begins to read this frame or to write its crops; the function it gets is called when that is over. */
  use(): () => void {
    this.#uses += 1;
    return () => {
      this.#uses -= 1;
      this.#freeSlots();
    };
  }

  /** Shared memory for crops, freed with the frame. */
  adopt(slot: Slot): void {
    this.#slots.push(slot);
  }

  #freeSlots(): void {
    if (!this.#closed || this.#uses > 0) return;
    for (const slot of this.#slots.splice(0)) slot.free();
  }

  /** Scale of a raster of this picture: raster pixels per pixel of the upright picture. */
  scaleOf(raster: Raster): { sx: number; sy: number } {
    return { sx: raster.width / this.header.width, sy: raster.height / this.header.height };
  }

  /** Keeps a set of crops until the frame is closed; they count as held bytes. */
  keep(set: CropSet): number {
    for (const output of set.outputs) this.#parts.holding.add(output.length);
    if (!this.#parts.holding.released) this.#sets.set(++this.#lastSet, set);
    return this.#lastSet;
  }

  cropSet(id: number): CropSet | undefined {
    return this.#sets.get(id);
  }

  /**
   * A raster of at least `scale` (≤ 1), or the largest that the bytes left allow. At most one is kept besides the
   * reduced frame. Never waits for bytes: this frame holds some already, and so would everyone it waited for.
   */
  atScale(scale: number): Promise<{ raster: Raster; decoded: boolean }> {
    const turn = this.#decoding.then(() => this.#atScale(scale));
    this.#decoding = turn.catch(() => {});
    return turn;
  }

  async #atScale(scale: number): Promise<{ raster: Raster; decoded: boolean }> {
    const { header, encoded, maxPixels, holding } = this.#parts;
    const best = this.#larger ?? this.reduced;
    const longSide = Math.max(header.width, header.height);
    const bestSide = Math.max(best.width, best.height);
    const wanted = Math.min(longSide, Math.ceil(longSide * scale));
    if (wanted < bestSide * WORTHWHILE) return { raster: best, decoded: false };

    const fits = Math.sqrt(Math.max(0, this.#budget.free - header.scratchBytes) / (3 * header.width * header.height));
    const fit = Math.min(wanted, Math.floor(longSide * fits));
    if (fit < bestSide * WORTHWHILE) return { raster: best, decoded: false };

    const size = fitInside(header.width, header.height, fit);
    const bytes = paddedBytes(size.width, size.height, 1);
    holding.add(bytes + header.scratchBytes);
    try {
      const raster = await decode(encoded, header, fit, maxPixels);
      holding.drop(header.scratchBytes);
      if (this.#larger !== null) holding.drop(this.#larger.data.length);
      // What is dropped later must be what was added, should libvips have rounded a side differently.
      holding.add(raster.data.length - bytes);
      if (!holding.released) this.#larger = raster;
      return { raster, decoded: true };
    } catch (error) {
      holding.drop(bytes + header.scratchBytes);
      throw error;
    }
  }
}
