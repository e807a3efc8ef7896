/** One card over time: found, read, lost and found again. Its MIG devices are read with it. */
import type { GpuReading } from '../../src/contract/monitor.ts';
import { readFigures, readIdentity, readThroughput } from './device-reader.ts';
import type { Figures, Identity, Throughput } from './device-reader.ts';
import type { NvmlApi } from './nvml-api.ts';
import { SUCCESS, gpuFailure } from './nvml-codes.ts';
import type { GpuFailure } from './nvml-codes.ts';
import type { Found } from './nvml-session.ts';
import { readWord, told } from './nvml-values.ts';
import type { ProcessLists } from './process-lists.ts';

/** MIG devices are made and removed while the driver runs, but not often: every tenth sample. */
const LIST_MIG_EVERY = 10;

const NO_FIGURES: Figures = {
  gpuUtil: null,
  memoryUtil: null,
  memoryTotal: null,
  memoryUsed: null,
  memoryReserved: null,
  temperature: null,
  powerDraw: null,
  powerLimit: null,
  smClock: null,
  memoryClock: null,
  throttle: null,
  eccCorrected: null,
  eccUncorrected: null,
  pcieGeneration: null,
  pcieWidth: null,
};
const NO_THROUGHPUT: Throughput = { pcieRx: null, pcieTx: null };

type MigDevice = { readonly handle: bigint; readonly identity: Identity };

export class Card {
  readonly index: number;
  readonly #identity: Identity;
  #handle: bigint | null;
  #failure: GpuFailure | null;
  #throughput = NO_THROUGHPUT;
  #migEnabled: boolean | null = null;
  #mig: readonly MigDevice[] = [];
  #untilMig = 0;
  #doubted = false;
  #readings: readonly GpuReading[];

  constructor({ index, handle, failure, ...identity }: Found) {
    this.index = index;
    this.#identity = identity;
    this.#handle = handle;
    this.#failure = failure;
    this.#readings = [this.#reading(identity, {})];
  }

  /** The cards as they are found now, and those that were there before and are not listed any more. */
  static merge(before: readonly Card[], found: readonly Found[]): readonly Card[] {
    const uuids = new Set(found.map((it) => it.uuid));
    const gone = before.filter((card) => card.uuid !== null && !uuids.has(card.uuid));
    const cards = found.map((it) => {
      // What does not answer tells no name: it is most likely the one that was here.
      const name = it.uuid === null ? gone.find((card) => card.index === it.index) : undefined;
      return new Card(name === undefined ? it : { ...it, ...name.#identity });
    });
    const listed = new Set(cards.map((card) => card.uuid));
    const missing = gone.filter((card) => !listed.has(card.uuid));
    for (const card of missing) card.fail({ state: 'lost', detail: 'the driver does not list the card any more' });
    return [...cards, ...missing];
  }

  get uuid(): string | null {
    return this.#identity.uuid;
  }

  /** Null where nothing can be asked of it. */
  get handle(): bigint | null {
    return this.#handle;
  }

  /** It can be used no more, until it is found again. */
  get isGone(): boolean {
    return this.#failure?.state === 'lost' || this.#failure?.state === 'reset_required';
  }

  get isDoubted(): boolean {
    return this.#doubted;
  }

  /** The driver says that something is wrong with it. */
  doubt(): void {
    this.#doubted = true;
  }

  fail(failure: GpuFailure): void {
    this.#failure = failure;
    this.forgetHandle();
    this.#mig = [];
    this.#throughput = NO_THROUGHPUT;
    this.#readings = [this.#reading(this.#identity, {})];
  }

  forgetHandle(): void {
    this.#handle = null;
  }

  /**
   * @param wallMs milliseconds since 1970
   * @throws NvmlError where the card, or the driver, is gone
   */
  read(api: NvmlApi, lists: ProcessLists, wallMs: number, withThroughput: boolean): void {
    const handle = this.#handle;
    if (handle === null) return;
    const { figures, trouble } = readFigures(api, handle);
    this.#failure = trouble === null ? null : gpuFailure(trouble);
    if (withThroughput) this.#throughput = readThroughput(api, handle);
    const processes = lists.read(handle, wallMs);
    this.#listMig(api, handle);
    const known = { ...figures, ...this.#throughput, migEnabled: this.#migEnabled, processes };
    const parts = this.#mig.map((part) => {
      const own = { ...readFigures(api, part.handle).figures, processes: lists.read(part.handle, wallMs) };
      // Removed since it was listed.
      if (own.memoryTotal === null) this.#untilMig = 0;
      return { ...this.#reading(part.identity, own), parentUuid: this.uuid };
    });
    this.#readings = [this.#reading(this.#identity, known), ...parts];
  }

  /** The card, then its MIG devices. */
  readings(): readonly GpuReading[] {
    return this.#readings;
  }

  #listMig(api: NvmlApi, handle: bigint): void {
    this.#untilMig -= 1;
    if (this.#untilMig > 0) return;
    this.#untilMig = LIST_MIG_EVERY;
    this.#migEnabled = readMigMode(api, handle);
    this.#mig = this.#migEnabled === true ? findMig(api, handle) : [];
  }

  #reading(identity: Identity, known: Partial<GpuReading>): GpuReading {
    return {
      index: this.index,
      ...identity,
      parentUuid: null,
      state: this.#failure?.state ?? 'ok',
      detail: this.#failure?.detail ?? '',
      ...NO_FIGURES,
      ...NO_THROUGHPUT,
      migEnabled: null,
      processes: null,
      ...known,
    };
  }
}

function readMigMode({ migMode }: NvmlApi, handle: bigint): boolean | null {
  const [current, pending] = [new Uint32Array(1), new Uint32Array(1)];
  return migMode !== null && told(migMode(handle, current, pending)) ? current[0] === 1 : null;
}

function findMig(api: NvmlApi, handle: bigint): readonly MigDevice[] {
  const { migHandle } = api;
  const slots = readWord(api.migCount, handle) ?? 0;
  const found = new BigUint64Array(1);
  return Array.from({ length: slots }, (_, slot): MigDevice | null => {
    // An empty slot is NOT_FOUND.
    if (migHandle === null || migHandle(handle, slot, found) !== SUCCESS) return null;
    const part = found[0] ?? 0n;
    return { handle: part, identity: readIdentity(api, part) };
  }).filter((it) => it !== null);
}
