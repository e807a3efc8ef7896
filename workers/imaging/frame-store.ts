/** The frames that are open. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { FrameId } from '../../src/contract/protocol.ts';
import type { ByteBudget } from './byte-budget.ts';
import { Frame } from './frame.ts';
import type { FrameParts } from './frame.ts';

export class FrameStore {
  readonly #budget: ByteBudget;
  readonly #frames = new Map<FrameId, Frame>();
  #lastId = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#frames.size;
  }

  add(parts: FrameParts): Frame {
    const frame = new Frame(++this.#lastId, parts, this.#budget);
    this.#frames.set(frame.id, frame);
    return frame;
  }

  /** Throws `not_found`. */
  get(id: FrameId): Frame {
    const frame = this.#frames.get(id);
    if (frame === undefined) throw new FacepoolError('not_found', 'the picture is no longer open');
    return frame;
  }

  /** Unknown frames are ignored: closing twice is no mistake. */
  close(id: FrameId): void {
    this.#frames.get(id)?.close();
    this.#frames.delete(id);
  }
}
