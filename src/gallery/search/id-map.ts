/** From face ids to rows: many small maps, because a map that grows stops the event loop until all of it has moved. */

/** Of a million faces each has 4000: moving them takes a quarter of a millisecond. */
const SHARDS = 256;
/** Up to here one map is enough: there may be ten thousand indexes of a few faces each, and an empty map takes room too. */
const FEW = 2048;

export class IdMap {
  #shards: Map<string, number>[] = [new Map()];
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
    if (this.#size > FEW && this.#shards.length === 1) this.#split();
  }

  delete(id: string): void {
    if (this.#shardOf(id).delete(id)) this.#size--;
  }

  #split(): void {
    const [all] = this.#shards;
    this.#shards = Array.from({ length: SHARDS }, () => new Map<string, number>());
    for (const [id, row] of all ?? []) this.#shardOf(id).set(id, row);
  }

  /** By the end of the id: that of a ULID is random. */
  #shardOf(id: string): Map<string, number> {
    const { length } = id;
    const hash = Math.imul(31, id.charCodeAt(length - 2)) + (id.charCodeAt(length - 1) | 0);
    const shard = this.#shards[hash % this.#shards.length];
    if (shard === undefined) throw new Error('no shard');
    return shard;
  }
}
