/** How far an import is: a bar on a terminal, plain lines elsewhere. */
import { formatSeconds } from '../../util/format.ts';
import { progressBar } from '../../util/progress-bar.ts';
import { cut } from '../fit.ts';
import { printable, printLine, type Screen } from '../io.ts';
import { textWidth } from '../table.ts';
import type { Tally } from './tally.ts';

const BAR_WIDTH = 20;
const LEAST_BAR = 5;
const CLEAR_LINE = '\r\u001b[2K';
/** A bar is drawn so often at most. */
const DRAW_MS = 100;
/** Of a log, in percent. */
const LINE_EVERY = 10;
/** The rate is that of so long: pictures that are there already go faster than others. */
const WINDOW_MS = 15_000;

export class ImportProgress {
  readonly #screen: Screen;
  readonly #tally: Tally;
  readonly #now: () => number;
  /** Time and pictures done. */
  #samples: [number, number][];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #toldPercent = 0;
  #note = '';

  /** @param now milliseconds of a clock that never goes back */
  constructor(screen: Screen, tally: Tally, now: () => number) {
    this.#screen = screen;
    this.#tally = tally;
    this.#now = now;
    this.#samples = [[now(), 0]];
  }

  /** After each picture. */
  update(): void {
    this.#note = '';
    const now = this.#now();
    this.#samples.push([now, this.#tally.done]);
    while (this.#samples.length > 2 && now - (this.#samples[1]?.[0] ?? now) > WINDOW_MS) this.#samples.shift();
    if (this.#screen.isTTY !== true) this.#tellLine();
    else if (now - this.#drawnAt >= DRAW_MS) this.#draw();
  }

  /** Something that is waited for; gone with the next picture. */
  note(text: string): void {
    if (text === this.#note) return;
    this.#note = text;
    if (this.#screen.isTTY === true) this.#draw();
    else printLine(this.#screen, printable(text));
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#screen.isTTY === true) this.#screen.write(CLEAR_LINE);
  }

  /** Pictures a second, of late. */
  get rate(): number {
    const [[from, before] = [0, 0]] = this.#samples;
    const [to, after] = this.#samples.at(-1) ?? [0, 0];
    return to > from ? ((after - before) * 1000) / (to - from) : 0;
  }

  #draw(): void {
    this.#drawnAt = this.#now();
    const { pictures, done } = this.#tally;
    const share = pictures === 0 ? 1 : done / pictures;
    const width = (this.#screen.columns ?? 80) - 1;
    const text = `${String(Math.floor(share * 100)).padStart(3)} %  ${this.#note === '' ? this.#figures() : printable(this.#note)}`;
    const room = Math.min(BAR_WIDTH, width - textWidth(text) - 1);
    const bar = room < LEAST_BAR ? '' : `${progressBar(share, room)} `;
    // A line that wraps could not be taken away again.
    this.#screen.write(CLEAR_LINE + cut(bar + text, width));
  }

  #tellLine(): void {
    const { pictures, done } = this.#tally;
    const percent = Math.floor((done / pictures) * 100);
    if (percent < this.#toldPercent + LINE_EVERY) return;
    this.#toldPercent = percent - (percent % LINE_EVERY);
    printLine(this.#screen, `${percent} %  ${this.#figures()}`);
  }

  #figures(): string {
    const { pictures, done, people, peopleDone, counts } = this.#tally;
    const { rate } = this;
    const left = rate > 0 && done < pictures ? [`${formatSeconds((pictures - done) / rate)} left`] : [];
    return [
      `${peopleDone}/${people} people`,
      `${done}/${pictures} pictures`,
      `${counts.refused + counts.failed} refused`,
      ...(rate > 0 ? [`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`] : []),
      ...left,
    ].join('  ');
  }
}
