/** Progress of downloads at start: one line that redraws itself on a terminal, a line per finished file elsewhere. */
import type { Writable } from 'node:stream';
import { progressBar } from '../util/progress-bar.ts';

export type PullProgressLine = {
  readonly model: string;
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
};

const WIDTH = 24;

export class PullBars {
  readonly #out: Writable & { readonly isTTY?: boolean };
  readonly #done = new Set<string>();
  #drawn = false;

  constructor(out: Writable & { readonly isTTY?: boolean }) {
    this.#out = out;
  }

  show(progress: PullProgressLine): void {
    if (this.#done.has(progress.file)) return;
    const finished = progress.receivedBytes >= progress.totalBytes;
    if (finished) this.#done.add(progress.file);
    if (this.#out.isTTY === true) {
      this.#out.write(`\r\x1b[2K${barLine(progress)}${finished ? '\n' : ''}`);
      this.#drawn = !finished;
    } else if (finished) {
      this.#out.write(`${barLine(progress)}\n`);
    }
  }

  /** Leaves the cursor on a line of its own. */
  end(): void {
    if (this.#drawn) this.#out.write('\n');
    this.#drawn = false;
  }
}

export function barLine(progress: PullProgressLine): string {
  const share = Math.min(1, progress.receivedBytes / Math.max(1, progress.totalBytes));
  const bar = progressBar(share, WIDTH);
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return `${progress.model.padEnd(10)} ${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${megabytes(progress.receivedBytes)} / ${megabytes(progress.totalBytes)} MB  ${progress.file}`;
}
