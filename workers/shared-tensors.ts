/** A model worker's view of the memory that imaging shares: tensors are read where imaging wrote them. */
import { FacepoolError } from '../src/contract/errors.ts';
import type { ArenaRef, SharedTensor, WorkerId } from '../src/contract/protocol.ts';
import { checkGeneration, viewOf } from '../src/frames/arena.ts';
import { ReadWindow } from './shared-memory.ts';

export type Window = Pick<ReadWindow, 'memory' | 'map'>;

export type SharedTensorsOptions = {
  /** Told when tensors of this arena can be read from now on. */
  readonly onMapped: (arena: WorkerId) => void;
  /** Without shared memory the tensors come over the socket. */
  readonly onFailed: (error: unknown) => void;
  readonly openWindow?: ((bytes: number) => Window) | undefined;
};

/** What goes wrong here is a fault of this server, never of the request. */
function sound<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FacepoolError('internal', 'a tensor is not where it was said to be', { cause: error });
  }
}

export class SharedTensors {
  readonly #options: SharedTensorsOptions;
  #window: Window | null = null;
  #arena: WorkerId | null = null;
  #inUse = 0;
  #next: ArenaRef | null = null;

  constructor(options: SharedTensorsOptions) {
    this.#options = options;
  }

  /** Maps the arena of a new imaging in place of the one before, as soon as no call reads that one. */
  link(ref: ArenaRef): void {
    if (ref.arena === this.#arena) {
      this.#options.onMapped(ref.arena);
      return;
    }
    this.#next = ref;
    this.#mapNext();
  }

  /** The bytes of the tensors, until `done` is called. Throws when they are not there. */
  open(tensors: readonly SharedTensor[]): Uint8Array[] {
    const views = sound(() => {
      const memory = this.#memoryOf(tensors);
      return tensors.map((tensor) => viewOf(memory, tensor));
    });
    this.#inUse += 1;
    return views;
  }

  /** Throws when any of them has become another picture's. */
  check(tensors: readonly SharedTensor[]): void {
    sound(() => {
      const memory = this.#memoryOf(tensors);
      for (const tensor of tensors) checkGeneration(memory, tensor);
    });
  }

  /** Once for every `open`. */
  done(): void {
    this.#inUse -= 1;
    this.#mapNext();
  }

  #memoryOf(tensors: readonly SharedTensor[]): ArrayBuffer {
    if (this.#window === null || tensors.some((tensor) => tensor.arena !== this.#arena)) {
      throw new Error('that shared memory is not mapped');
    }
    return this.#window.memory;
  }

  #mapNext(): void {
    const ref = this.#next;
    if (ref === null || this.#inUse > 0) return;
    this.#next = null;
    const { onMapped, onFailed, openWindow } = this.#options;
    try {
      this.#window ??= openWindow?.(ref.bytes) ?? new ReadWindow(ref.bytes);
      if (this.#window.memory.byteLength !== ref.bytes)
        throw new Error('the shared memory has another size than before');
      this.#window.map(ref.path);
    } catch (error) {
      onFailed(error);
      return;
    }
    this.#arena = ref.arena;
    onMapped(ref.arena);
  }
}
