/** Threads that cut out a crowd's faces, so that the main thread stays free to answer. */
import { startThreads, threadsOnDemand } from '../../src/util/threads.ts';
import { runBatch } from './crop-face.ts';
import type { CropBatch } from './crop-face.ts';
import { sharedRaster } from './raster.ts';
import type { Raster } from './raster.ts';

/** Stands for a raster that no job reads: it is not sent to the threads. */
const EMPTY: Raster = { data: new Uint8Array(0), width: 0, height: 0, paddedWidth: 0, paddedHeight: 0 };

export class CropPool {
  readonly #threads: number;
  readonly #fromFaces: number;
  // Started by the first crowd: most servers never see one, and a thread costs 40 ms of a cold start.
  readonly #pool = threadsOnDemand(() => startThreads(new URL('./crop-face.ts', import.meta.url), this.#threads));

  /** `threads` 0: everything on the main thread. */
  constructor(threads: number, fromFaces: number) {
    this.#threads = threads;
    this.#fromFaces = fromFaces;
  }

  /** Outputs for a call of `faces` faces: threads can only write to shared memory. */
  allocate(bytes: number, faces: number): Uint8Array {
    return this.isCrowd(faces) ? new Uint8Array(new SharedArrayBuffer(bytes)) : new Uint8Array(bytes);
  }

  /** Fills the batch's outputs. */
  async run(batch: CropBatch, faces: number): Promise<void> {
    if (!this.isCrowd(faces)) {
      runBatch(batch);
      return;
    }
    const pool = await this.#pool.get();
    const used = new Set(batch.jobs.map((job) => job.raster));
    // Only crowds need rasters in shared memory, so only they pay for the copy.
    const rasters = batch.rasters.map((raster, i) => (used.has(i) ? sharedRaster(raster) : EMPTY));
    const share = Math.ceil(batch.jobs.length / this.#threads);
    const parts: Promise<void>[] = [];
    for (let at = 0; at < batch.jobs.length; at += share) {
      const part: CropBatch = { ...batch, rasters, jobs: batch.jobs.slice(at, at + share) };
      parts.push(pool.run(part, { name: runBatch.name }));
    }
    await Promise.all(parts);
  }

  stop(): Promise<void> {
    return this.#pool.destroy();
  }

  /** Whether threads cut so many faces out. */
  isCrowd(faces: number): boolean {
    return this.#threads > 0 && faces >= this.#fromFaces;
  }
}
