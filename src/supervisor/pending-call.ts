/** A call that is with a child. */

/** Stops the timer of a call that has none. */
export const NO_TIMER = (): void => {};

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  /** The HTTP request it is for; the child logs it. */
  readonly requestId?: string | undefined;
  /** Longest time between `begin` and the answer. */
  readonly runTimeoutMs?: number | undefined;
  readonly onBegin?: (() => void) | undefined;
  /** Told when the child's death counts against this call, also when its caller has gone. */
  readonly onCharged?: ((death: object) => void) | undefined;
  /**
   * Told once when the process can have nothing to do with this call any more: it was answered, also after its caller
   * had gone, or is known to have been dropped, or the process has ended. What the call lent may be taken back then.
   */
  readonly onOver?: (() => void) | undefined;
};

/** A begun call whose caller has gone; the process is still busy with it. */
export type Orphan = { readonly stopTimer: () => void; readonly onCharged?: ((death: object) => void) | undefined };

export type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly options: CallOptions;
  readonly stopListening: () => void;
  begun: boolean;
  stopTimer: () => void;
};
