/** The imaging process behind its messages: calls in, answers out, nothing left behind when a call is abandoned. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type {
  CallId,
  FrameId,
  ImagingCalls,
  ImagingConfig,
  OpenParams,
  OpenResult,
  ToImaging,
} from '../../src/contract/protocol.ts';
import type { Arena } from '../../src/frames/arena.ts';
import type { Inbox } from '../../src/frames/inbox.ts';
import type { Port } from '../child.ts';
import { ByteBudget } from './byte-budget.ts';
import { CropPool } from './crop-pool.ts';
import { cropFaces } from './crop.ts';
import { deliver } from './deliver.ts';
import { encodeFaces } from './encode.ts';
import { FrameStore } from './frame-store.ts';
import { WorkerLinks } from './links.ts';
import { openPicture } from './open.ts';

/** Reason of every abandoned call; no client is answered with it. */
const ABANDONED = new FacepoolError('deadline_exceeded', 'the call was abandoned');

type CallMessage = Extract<ToImaging, { readonly type: keyof ImagingCalls }>;

export class ImagingService {
  readonly links: WorkerLinks;
  readonly budget: ByteBudget;
  readonly frames: FrameStore;
  readonly #pool: CropPool;
  readonly #uploads: Inbox;
  readonly #arena: Arena | null;
  readonly #calls = new Map<CallId, { abort: AbortController; done: Promise<void> }>();
  /** Frames whose `open` was answered: an abandonment may cross the answer. */
  readonly #openedBy = new Map<CallId, FrameId>();

  constructor(config: ImagingConfig, uploads: Inbox, arena: Arena | null = null) {
    this.links = new WorkerLinks();
    this.#arena = arena;
    this.budget = new ByteBudget(config.maxFrameBytes);
    this.frames = new FrameStore(this.budget);
    this.#pool = new CropPool(config.cropThreads, config.poolFromFaces);
    this.#uploads = uploads;
  }

  /** Begins a call and answers it through the port, unless it is abandoned before it has begun. */
  call(message: CallMessage, port: Port): void {
    const { id } = message;
    const abort = new AbortController();
    let begun = false;
    const begin = (): void => {
      begun = true;
      port.begin(id);
    };
    // The supervisor counts what has begun as work of this process until it is answered, also when nobody waits for it.
    const isOwed = (): boolean => begun || !abort.signal.aborted;
    const done = this.#run(message, begin, abort.signal)
      .then(
        (value) => {
          if (isOwed()) port.result(id, value);
        },
        (error: unknown) => {
          if (isOwed()) port.fail(id, presentable(error));
        },
      )
      .finally(() => this.#calls.delete(id));
    this.#calls.set(id, { abort, done });
  }

  abandon(id: CallId): void {
    this.#calls.get(id)?.abort.abort(ABANDONED);
    const frame = this.#openedBy.get(id);
    if (frame !== undefined) this.close(frame);
  }

  close(frame: FrameId): void {
    this.frames.close(frame);
    for (const [id, opened] of this.#openedBy) {
      if (opened !== frame) continue;
      this.#openedBy.delete(id);
      return;
    }
  }

  /** Resolves when every call that was begun has been answered. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#calls.values()].map((call) => call.done));
    this.links.close();
    await this.#pool.stop();
  }

  async #run(message: CallMessage, begin: () => void, signal: AbortSignal): Promise<unknown> {
    if (message.type === 'open') return this.#open(message.id, message.params, begin, signal);
    begin();
    const frame = this.frames.get(message.params.frame);
    const done = frame.use();
    try {
      switch (message.type) {
        case 'crop':
          return await cropFaces(frame, message.params, this.#pool, this.#arena);
        case 'encode':
          return await encodeFaces(frame, message.params);
        case 'deliver':
          return await deliver(frame, message.params, await this.links.socketOf(message.params.to, signal));
      }
    } finally {
      done();
    }
  }

  async #open(id: CallId, params: OpenParams, begin: () => void, signal: AbortSignal): Promise<OpenResult> {
    const giveUp = (): void => this.#uploads.forget(params.ticket);
    signal.addEventListener('abort', giveUp, { once: true });
    const [encoded] = await this.#uploads.take(params.ticket, 1);
    signal.removeEventListener('abort', giveUp);
    signal.throwIfAborted();
    // Said before any byte is parsed: reading a header may already be what kills this process.
    begin();
    const started = performance.now();
    const parts = await openPicture(encoded ?? new Uint8Array(0), params, this.budget, signal, this.#arena);
    const frame = this.frames.add(parts);
    this.#openedBy.set(id, frame.id);
    const { header, reduced } = frame;
    return {
      frame: frame.id,
      width: header.width,
      height: header.height,
      format: header.format,
      orientationApplied: header.orientationApplied,
      reducedWidth: reduced.width,
      reducedHeight: reduced.height,
      inputWidth: reduced.paddedWidth,
      inputHeight: reduced.paddedHeight,
      decodeMs: performance.now() - started,
      shared: frame.shared,
    };
  }
}

/** Only catalogue errors leave this process; the log has the cause. */
function presentable(error: unknown): FacepoolError {
  if (error instanceof FacepoolError) return error;
  return new FacepoolError('internal', 'the picture could not be worked on', { cause: error });
}
