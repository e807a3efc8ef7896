/** Who may change what, one after the other: one swap of a model at a time, and no swap to a version that is removed. */
import { FacepoolError } from '../contract/errors.ts';
import type { Swap } from '../contract/rollout.ts';

export class Turns {
  readonly #current: (model: string) => Pick<Swap, 'from' | 'to'> | null;
  /** Model → version whose swap is being checked. */
  readonly #checking = new Map<string, string>();
  readonly #removing = new Set<string>();

  /** @param current the swap of a model that runs or is live */
  constructor(current: (model: string) => Pick<Swap, 'from' | 'to'> | null) {
    this.#current = current;
  }

  /** @throws FacepoolError `swap_in_progress`; `conflict` while the version is removed */
  async begin<T>(model: string, version: string, work: () => Promise<T>): Promise<T> {
    const current = this.#current(model);
    if (current !== null || this.#checking.has(model)) {
      const what = current === null ? 'another swap' : `the swap to ${current.to}`;
      throw new FacepoolError('swap_in_progress', `${what} of ${model} goes on; end it first`);
    }
    if (this.#removing.has(`${model}@${version}`)) {
      throw new FacepoolError('conflict', `${model} ${version} is being removed`, { param: 'version' });
    }
    this.#checking.set(model, version);
    try {
      return await work();
    } finally {
      this.#checking.delete(model);
    }
  }

  /** @throws FacepoolError `conflict` where a swap needs the version, or it is removed already */
  async remove(model: string, version: string, work: () => Promise<void>): Promise<void> {
    const current = this.#current(model);
    const needed = [current?.from, current?.to, this.#checking.get(model)];
    const key = `${model}@${version}`;
    if (needed.includes(version) || this.#removing.has(key)) {
      const why = this.#removing.has(key) ? 'it is being removed' : 'a swap uses it';
      throw new FacepoolError('conflict', `${model} ${version} cannot be removed: ${why}`, { param: 'version' });
    }
    this.#removing.add(key);
    try {
      await work();
    } finally {
      this.#removing.delete(key);
    }
  }
}
