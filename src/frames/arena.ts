/**
 * Memory that imaging writes and model workers read, so that a tensor is never copied on its way. It is cut into slots:
 * 64 bytes of header, then the tensor.
 *
 *     0  f64  generation: a number of its own for each use of a slot; 0 while it is free
 *
 * Imaging frees a slot only when every process that was told of it has answered or ended (the supervisor keeps the
 * frame open until then). The generation is the second line of defence: a reader that comes too late finds another one.
 */
import type { SharedTensor, WorkerId } from '../contract/protocol.ts';
import { SlotAllocator } from './slot-allocator.ts';

/** Of a header, and what a tensor's first byte is aligned to. */
const HEADER_BYTES = 64;
const PAGE_BYTES = 4096;

/** A place for one tensor. */
export type Slot = {
  /** All zeros at first. */
  readonly data: Uint8Array;
  /** How another process finds it. */
  readonly tensor: SharedTensor;
  /** Once nobody reads it any more; a second call does nothing. */
  free(): void;
};

/** Imaging's side. */
export class Arena {
  readonly memory: ArrayBuffer;
  readonly #id: WorkerId;
  readonly #slots: SlotAllocator;
  #generation = 0;

  /** `id`: the process that owns the memory. */
  constructor(memory: ArrayBuffer, id: WorkerId) {
    this.memory = memory;
    this.#id = id;
    this.#slots = new SlotAllocator(memory.byteLength, PAGE_BYTES);
  }

  get takenBytes(): number {
    return this.#slots.takenBytes;
  }

  /** Null when there is no room: the tensor has to be sent then. */
  place(bytes: number): Slot | null {
    const slot = this.#slots.take(HEADER_BYTES + bytes);
    if (slot === null) return null;
    const header = new Float64Array(this.memory, slot, 1);
    const generation = ++this.#generation;
    header[0] = generation;
    const at = slot + HEADER_BYTES;
    const data = new Uint8Array(this.memory, at, bytes);
    // What lay here before was somebody's picture.
    data.fill(0);
    let freed = false;
    return {
      data,
      tensor: { arena: this.#id, slot, generation, at, bytes },
      free: () => {
        if (freed) return;
        freed = true;
        header[0] = 0;
        this.#slots.give(slot);
      },
    };
  }
}

/** `count` equal parts of a tensor from part `from` on, each of `each` bytes. */
export function partOf(tensor: SharedTensor, each: number, from: number, count: number): SharedTensor {
  return { ...tensor, at: tensor.at + from * each, bytes: count * each };
}

/** The tensor's bytes in a reader's mapping; throws when they are not, or no longer, that tensor's. */
export function viewOf(memory: ArrayBuffer, tensor: SharedTensor): Uint8Array {
  const { slot, at, bytes } = tensor;
  const sound = [slot, at, bytes].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!sound || slot % PAGE_BYTES !== 0 || at < slot + HEADER_BYTES || at + bytes > memory.byteLength) {
    throw new Error('not a place in the shared memory');
  }
  checkGeneration(memory, tensor);
  return new Uint8Array(memory, at, bytes);
}

/** Throws when the slot is another tensor's by now. */
export function checkGeneration(memory: ArrayBuffer, { slot, generation }: SharedTensor): void {
  const [found] = new Float64Array(memory, slot, 1);
  if (found !== generation) throw new Error(`shared slot holds generation ${found}, expected ${generation}`);
}
