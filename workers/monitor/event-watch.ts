/**
 * Waits for Xids of all cards. A wait blocks a thread of libuv's pool, which file reads need too, so there is one event
 * set and never more than one wait in flight. A lost card makes the wait of the whole set fail: then it is made anew.
 */
import type { NvmlApi } from './nvml-api.ts';
import { SUCCESS, TIMEOUT } from './nvml-codes.ts';
import {
  EVENT_GPU_UNAVAILABLE,
  EVENT_RECOVERY_ACTION,
  EVENT_XID,
  LITTLE_ENDIAN,
  offsetOf,
  scratch,
  sizeOf,
} from './nvml-layout.ts';

/** A stop waits for it; at most 1 s. */
const WAIT_MS = 500;
const WANTED = EVENT_XID | EVENT_GPU_UNAVAILABLE | EVENT_RECOVERY_ACTION;

const at = {
  device: offsetOf('EventData', 'device'),
  type: offsetOf('EventData', 'eventType'),
  data: offsetOf('EventData', 'eventData'),
};

export type NvmlEvent = {
  readonly device: bigint;
  /** Null: the driver says that the card's state has changed, and it should be looked at. */
  readonly xid: number | null;
};

/** Starts idle. */
export class EventWatch {
  readonly #api: NvmlApi;
  readonly #onEvent: (event: NvmlEvent) => void;
  readonly #data = scratch(sizeOf('EventData'));
  #devices: readonly bigint[] = [];
  /** Null while idle. */
  #set: bigint | null = null;
  #ending = false;
  #idle = Promise.withResolvers<void>();

  constructor(api: NvmlApi, onEvent: (event: NvmlEvent) => void) {
    this.#api = api;
    this.#onEvent = onEvent;
  }

  get isIdle(): boolean {
    return this.#set === null;
  }

  /** Waits for these devices from now on, or from soon after. Call it again until it is so. */
  watch(devices: readonly bigint[]): void {
    const same = devices.length === this.#devices.length && devices.every((it, i) => it === this.#devices[i]);
    if (!this.isIdle) {
      if (!same) this.#ending = true;
      return;
    }
    if (devices.length === 0) return;
    this.#set = this.#register(devices);
    if (this.#set === null) return;
    this.#devices = devices;
    this.#ending = false;
    this.#idle = Promise.withResolvers();
    this.#wait(this.#set);
  }

  /** Resolves when no wait is in flight: only then NVML may be shut down. */
  halt(): Promise<void> {
    this.#ending = true;
    return this.isIdle ? Promise.resolve() : this.#idle.promise;
  }

  /** A set with all devices that can tell events; null where none can. */
  #register(devices: readonly bigint[]): bigint | null {
    const { eventSetCreate, registerEvents, eventTypes } = this.#api;
    const [handle, mask] = [new BigUint64Array(1), new BigUint64Array(1)];
    if (eventSetCreate === null || registerEvents === null || eventSetCreate(handle) !== SUCCESS) return null;
    const set = handle[0] ?? 0n;
    let registered = 0;
    for (const device of devices) {
      const supported = eventTypes !== null && eventTypes(device, mask) === SUCCESS ? (mask[0] ?? 0n) : EVENT_XID;
      const wanted = supported & WANTED;
      if (registerEvents(device, wanted, set) === SUCCESS || registerEvents(device, EVENT_XID, set) === SUCCESS)
        registered += 1;
    }
    if (registered > 0) return set;
    this.#free(set);
    return null;
  }

  #wait(set: bigint): void {
    const { eventWait } = this.#api;
    if (eventWait === null) this.#end(set);
    else
      eventWait.async(set, this.#data.bytes, WAIT_MS, (error, code) => this.#waited(set, error === null ? code : -1));
  }

  #waited(set: bigint, code: number): void {
    if (code === SUCCESS) this.#tell();
    if (this.#ending || (code !== SUCCESS && code !== TIMEOUT)) this.#end(set);
    else this.#wait(set);
  }

  #tell(): void {
    const { view } = this.#data;
    const isXid = (view.getBigUint64(at.type, LITTLE_ENDIAN) & EVENT_XID) !== 0n;
    this.#onEvent({
      device: view.getBigUint64(at.device, LITTLE_ENDIAN),
      xid: isXid ? Number(view.getBigUint64(at.data, LITTLE_ENDIAN)) : null,
    });
  }

  #end(set: bigint): void {
    this.#set = null;
    this.#devices = [];
    this.#free(set);
    this.#idle.resolve();
  }

  #free(set: bigint): void {
    this.#api.eventSetFree?.(set);
  }
}
