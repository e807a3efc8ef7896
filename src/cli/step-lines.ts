/** Steps of something that takes a while, drawn as they come. */
import { formatMs } from '../util/format.ts';
import { cut } from './fit.ts';
import { type Io, paint, printable, printLine } from './io.ts';

export type DrawnStep = { readonly step: string; readonly ms: number | null; readonly detail: string };

const NAME_WIDTH = 11;
const MS_WIDTH = 8;
/** Back to the begin of the line, and away with what is there. */
const AGAIN = '\r\u001b[K';

/** `  load          412 ms  graph.onnx`. */
export function stepLine({ step, ms, detail }: DrawnStep): string {
  const time = ms === null ? '…' : formatMs(ms);
  return `  ${step.replace('_', ' ').padEnd(NAME_WIDTH)}  ${time.padStart(MS_WIDTH)}  ${printable(detail)}`.trimEnd();
}

/** Each step once when it has ended; on a terminal also the one that runs. To standard error. */
export class StepLines {
  readonly #io: Io;
  readonly #isLive: boolean;
  readonly #printed = new Set<number>();
  #hasOpenLine = false;

  constructor(io: Io) {
    this.#io = io;
    this.#isLive = io.stderr.isTTY === true;
  }

  /** @param steps all of them, in their order */
  show(steps: readonly DrawnStep[]): void {
    for (const [place, step] of steps.entries()) {
      if (step.ms === null || this.#printed.has(place)) continue;
      this.#printed.add(place);
      this.clear();
      printLine(this.#io.stderr, stepLine(step));
    }
    const running = steps.findLast(({ ms }) => ms === null);
    this.clear();
    if (!this.#isLive || running === undefined) return;
    // A line that wraps could not be taken away again.
    const line = cut(stepLine(running), (this.#io.stderr.columns ?? 80) - 1);
    this.#io.stderr.write(paint(this.#io, 'dim', line));
    this.#hasOpenLine = true;
  }

  /** Takes away the line of the step that runs: before anything else is printed. */
  clear(): void {
    if (this.#hasOpenLine) this.#io.stderr.write(AGAIN);
    this.#hasOpenLine = false;
  }
}
