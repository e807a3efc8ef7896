/** From face ids to rows: many small maps, because a map that grows stops the event loop until all of it has moved. */

/** Of a million faces each has 4000: moving them takes a quarter of a millisecond. */
const SHARDS = 256;

export class IdMap {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): number | undefined {
    return this.#shardOf(id).get(id);
  }

  set(id: string, row: number): void {
    const shard = this.#shardOf(id);
    const before = shard.size;
    shard.set(id, row);
    this.#size += shard.size - before;
  }

  delete(id: string): void {
    if (this.#shardOf(id).delete(id)) this.#size--;
  }

  /** By the end of the id: that of a ULID is random. */
  #shardOf(id: string): Map<string, number> {
    const { length } = id;
    const hash = Math.imul(31, id.charCodeAt(length - 2)) + (id.charCodeAt(length - 1) | 0);
    const shard = this.#shards[hash % SHARDS];
    if (shard === undefined) throw new Error('no shard');
    return shard;
  }
}
