/**
 * Reads all cards, once per sample, whatever becomes of driver and cards meanwhile:
 *
 * - no driver: looked for again every 10 s;
 * - a card is lost: it is listed as lost and not asked any more, the others are read on. NVML does not find it again by
 *   itself, so it is closed and opened, at 10 s and then ever less often: an open NVML is in the way of a reset;
 * - the driver is gone: closed, every card that was there is listed as lost, and it is looked for again.
 */
import type { DriverReading, GpuReading, MonitorEvent } from '../../src/contract/monitor.ts';
import { Card } from './card.ts';
import { EventWatch } from './event-watch.ts';
import type { NvmlEvent } from './event-watch.ts';
import { NvmlError, driverFailure, gpuFailure, isDriverGone } from './nvml-codes.ts';
import { createOpener } from './nvml-session.ts';
import type { NvmlSession } from './nvml-session.ts';
import { createPresence } from './presence.ts';
import { createProcessLists } from './process-lists.ts';
import type { ProcessLists } from './process-lists.ts';

const RETRY_MS = 10_000;
const MOST_RETRY_MS = 300_000;
/**
 * The driver waits about 40 ms to measure both directions of one card's PCIe traffic. So one card is asked at every
 * fifth sample, in turn, and its figure stays until its next turn: a sample of many cards must not take a second.
 */
const THROUGHPUT_EVERY = 5;

export type GpuSample = {
  readonly driver: DriverReading;
  readonly gpus: readonly GpuReading[];
  readonly events: readonly MonitorEvent[];
};

export type GpuSourceDeps = {
  /** As in MonitorConfig. */
  readonly library: string;
  /** Milliseconds from any fixed point. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
};

type Open = { readonly session: NvmlSession; readonly watch: EventWatch; readonly lists: ProcessLists };

export class GpuSource {
  readonly #deps: GpuSourceDeps;
  readonly #openNvml: () => NvmlSession | DriverReading;
  readonly #presence = createPresence();
  #open: Open | null = null;
  #cards: readonly Card[] = [];
  #driver: DriverReading = {
    state: 'off',
    detail: 'the settings say that GPUs are not looked at',
    driverVersion: null,
  };
  #samples = 0;
  #retryMs = RETRY_MS;
  #nextOpen = 0;
  /** The driver failed, but a wait is still in flight. */
  #closing = false;
  #watched = '';
  #nextWatch = 0;

  constructor(deps: GpuSourceDeps) {
    this.#deps = deps;
    this.#openNvml = createOpener(deps.library);
  }

  /** Calls the driver: it may take long, or never return. */
  sample(): GpuSample {
    const [now, wall] = [this.#deps.now(), this.#deps.wall()];
    if (this.#deps.library !== 'off') {
      this.#settle(now);
      this.#read(now, wall);
      for (const card of this.#cards) this.#presence.note(card, !card.isGone, wall);
      this.#presence.begin();
    }
    const gpus = this.#cards.flatMap((card) => card.readings());
    return { driver: this.#driver, gpus, events: this.#presence.take() };
  }

  /** Lets NVML go, when the wait that is in flight has ended. */
  async stop(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    await open.watch.halt();
    this.#close(open);
  }

  /** Opens and closes what is to be opened and closed. */
  #settle(now: number): void {
    const open = this.#open;
    const due = now >= this.#nextOpen;
    if (open !== null && (this.#closing || (due && this.#shouldLookAgain()))) {
      void open.watch.halt();
      // Not yet: a wait is in flight. It ends within half a second.
      if (!open.watch.isIdle) return;
      this.#close(open);
    }
    if (this.#open === null && due) this.#tryOpen(now);
  }

  #shouldLookAgain(): boolean {
    return this.#cards.length === 0 || this.#cards.some((card) => card.handle === null || card.isDoubted);
  }

  #tryOpen(now: number): void {
    const opened = this.#openNvml();
    this.#nextOpen = now + RETRY_MS;
    if ('state' in opened) {
      this.#driver = opened;
      for (const card of this.#cards) card.fail({ state: 'lost', detail: opened.detail });
      return;
    }
    const { api, driver, cards } = opened;
    this.#driver = driver;
    const watch = new EventWatch(api, (event) => this.#heard(event));
    this.#open = { session: opened, watch, lists: createProcessLists(api, driver.driverVersion) };
    this.#watched = '';
    this.#cards = Card.merge(this.#cards, cards);
    if (this.#shouldLookAgain()) {
      this.#nextOpen = now + this.#retryMs;
      this.#retryMs = Math.min(2 * this.#retryMs, MOST_RETRY_MS);
    } else this.#retryMs = RETRY_MS;
  }

  #read(now: number, wall: number): void {
    if (this.#open === null || this.#closing) return;
    const { session, lists } = this.#open;
    const turn = this.#samples % THROUGHPUT_EVERY === 0 ? this.#samples / THROUGHPUT_EVERY : null;
    const asked = turn === null ? null : this.#cards[turn % this.#cards.length];
    this.#samples += 1;
    const before = this.#cards.filter((card) => card.isGone).length;
    for (const card of this.#cards) {
      try {
        card.read(session.api, lists, wall, card === asked);
      } catch (error) {
        if (!(error instanceof NvmlError)) throw error;
        if (isDriverGone(error.code)) {
          this.#driverGone(error.code, now);
          return;
        }
        card.fail(gpuFailure(error.code));
      }
    }
    if (this.#cards.filter((card) => card.isGone).length > before) this.#nextOpen = now + RETRY_MS;
    this.#keepWatching(now);
  }

  #driverGone(code: number, now: number): void {
    this.#driver = driverFailure(code);
    this.#closing = true;
    this.#nextOpen = now + RETRY_MS;
    for (const card of this.#cards) card.fail({ state: 'lost', detail: this.#driver.detail });
    void this.#open?.watch.halt();
  }

  #close(open: Open): void {
    open.session.close();
    for (const card of this.#cards) card.forgetHandle();
    this.#open = null;
    this.#closing = false;
  }

  /** Waits for the events of whatever cards are there. What cannot tell events is asked again every 10 s. */
  #keepWatching(now: number): void {
    const watch = this.#open?.watch;
    if (watch === undefined) return;
    const handles = this.#cards.flatMap((card) => card.handle ?? []);
    const key = handles.join();
    if (watch.isIdle) {
      if (key === this.#watched && now < this.#nextWatch) return;
      this.#watched = key;
      this.#nextWatch = now + RETRY_MS;
    }
    watch.watch(handles);
  }

  #heard({ device, xid }: NvmlEvent): void {
    const card = this.#cards.find((it) => it.handle === device);
    if (card === undefined) return;
    if (xid === null) card.doubt();
    else this.#presence.xid(card, xid, this.#deps.wall());
  }
}
