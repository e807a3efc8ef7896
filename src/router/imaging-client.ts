/** Pictures in imaging: uploads go over its pipe, what comes back is a handle on the decoded frame. */
import { FacepoolError } from '../contract/errors.ts';
import type {
  CropParams,
  CropResult,
  DeliverItem,
  EncodeParams,
  EncodeResult,
  ImagingCalls,
  OpenParams,
  OpenResult,
  Ticket,
  WorkerId,
} from '../contract/protocol.ts';
import { writeFrame } from '../frames/socket.ts';
import type { Child } from '../supervisor/child.ts';
import type { CallOptions } from '../supervisor/pending-call.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Answered, Charges, DispatcherOptions, Target } from './dispatcher.ts';

/** A decoded picture that imaging holds until `close`. Calls reject with ChildGoneError when imaging dies. */
export type Frame = OpenResult & {
  crop(params: Omit<CropParams, 'frame'>, signal: AbortSignal): Promise<CropResult>;
  encode(params: Omit<EncodeParams, 'frame'>, signal: AbortSignal): Promise<EncodeResult>;
  deliver(to: WorkerId, ticket: Ticket, items: readonly DeliverItem[], signal: AbortSignal): Promise<unknown>;
  /** Keeps the picture's memory as it is until the function that it gives is called. Throws when it is closed. */
  hold(): () => void;
  /** Idempotent. Imaging is told when nothing is held any more. */
  close(): void;
};

export type ImagingOptions = DispatcherOptions & {
  readonly nextTicket: () => Ticket;
  /** Pictures decoded at the same time. */
  readonly concurrency: number;
  /** A decode longer than this is a hang. */
  readonly decodeTimeoutMs: number;
};

export type OpenRequest = {
  readonly bytes: Uint8Array;
  readonly geometry: Pick<OpenParams, 'maxPixels' | 'fit' | 'multipleOf'>;
  readonly requestId?: string | undefined;
  readonly signal: AbortSignal;
  readonly charges: Charges;
};

export class ImagingClient {
  readonly #dispatcher: Dispatcher<ImagingCalls>;
  readonly #options: ImagingOptions;

  constructor(target: Target<ImagingCalls>, options: ImagingOptions) {
    this.#options = options;
    // A decode that its caller gave up runs to its end all the same, and takes its place until then.
    const hasRoom = (child: Child<ImagingCalls>, leased: number): boolean =>
      leased + child.abandoned < options.concurrency;
    this.#dispatcher = new Dispatcher(target, options, hasRoom);
  }

  get queueLength(): number {
    return this.#dispatcher.queueLength;
  }

  open(request: OpenRequest): Promise<Answered<Frame>> {
    return this.#dispatcher.submit({
      signal: request.signal,
      charges: request.charges,
      run: (child) => this.#open(child, request),
    });
  }

  async #open(child: Child<ImagingCalls>, request: OpenRequest): Promise<Frame> {
    const pipe = child.spawned.uploadPipe;
    if (pipe === null) throw new FacepoolError('internal', 'imaging has no upload pipe');
    const ticket = this.#options.nextTicket();
    // A pipe that breaks means that imaging is dying, which its exit says better, or that it is of no use any more.
    writeFrame(pipe, { ticket, part: 0, length: request.bytes.length }, request.bytes).catch(() =>
      child.kill('SIGKILL'),
    );
    const { requestId } = request;
    const { onCharged } = request.charges;
    const timed = { requestId, runTimeoutMs: this.#options.decodeTimeoutMs, onCharged };
    const opened = await child.call('open', { ticket, ...request.geometry }, { ...timed, signal: request.signal });
    return frameHandle(child, opened, timed);
  }
}

/** @param timed of every call about the frame */
function frameHandle(
  child: Child<ImagingCalls>,
  opened: OpenResult,
  timed: Pick<CallOptions, 'requestId' | 'runTimeoutMs' | 'onCharged'>,
): Frame {
  const { frame } = opened;
  // A transfer lasts as long as its taker takes it.
  const { runTimeoutMs: _, ...untimed } = timed;
  let closed = false;
  let holds = 0;
  const freeWhenUnused = (): void => {
    if (closed && holds === 0) child.notify({ type: 'close', frame });
  };
  return {
    ...opened,
    crop: (params, signal) => child.call('crop', { frame, ...params }, { ...timed, signal }),
    encode: (params, signal) => child.call('encode', { frame, ...params }, { ...timed, signal }),
    deliver: (to, ticket, items, signal) => child.call('deliver', { frame, to, ticket, items }, { ...untimed, signal }),
    hold: () => {
      // Whoever holds it may hold it again: imaging has it still.
      if (closed && holds === 0) throw new Error('the picture is closed');
      holds += 1;
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        holds -= 1;
        freeWhenUnused();
      };
    },
    close: () => {
      if (closed) return;
      closed = true;
      freeWhenUnused();
    },
  };
}
