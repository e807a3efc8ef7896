/** The loop of a model worker: loads one model, then answers `infer` and `probe` one at a time, in order of arrival. */
import { FacepoolError } from '../src/contract/errors.ts';
import { PROTOCOL_VERSION } from '../src/contract/protocol.ts';
import type {
  ArenaRef,
  CallId,
  InferParams,
  InferResult,
  LoadParams,
  SharedTensor,
  Ticket,
  ToModel,
  WorkerId,
} from '../src/contract/protocol.ts';
import { Inbox } from '../src/frames/inbox.ts';
import type { Port } from './child.ts';
import { DataLink } from './data-link.ts';
import { checkBytes } from './infer-check.ts';
import { loadModel } from './model.ts';
import type { LoadTools, Model } from './model.ts';
import { isSticky } from './ort-failures.ts';
import { RunQueue } from './run-queue.ts';
import type { openSession } from './session.ts';
import { SharedTensors } from './shared-tensors.ts';
import type { Window } from './shared-tensors.ts';
import { TensorPool } from './tensor-pool.ts';

/** Unused receive buffers that are kept, a few detector inputs' worth. */
const POOL_BYTES = 16 * 1024 * 1024;

export type ServeOptions = {
  readonly worker: WorkerId;
  readonly open: typeof openSession;
  /** Milliseconds from any fixed point. */
  readonly now: () => number;
  /** Ends the process at once, because its device context is poisoned. */
  readonly poisoned: (error: unknown) => void;
  /** Told when imaging's memory cannot be mapped: its tensors come through the socket then. */
  readonly onUnshared?: ((error: unknown) => void) | undefined;
  readonly onNoTwin?: LoadTools['onNoTwin'];
  /** How memory is mapped; replaced in tests. */
  readonly openWindow?: ((bytes: number) => Window) | undefined;
};

export type ModelWorker = {
  onMessage(message: ToModel, port: Port): void;
  /** Resolves when the run that has begun is answered; what has not begun is dropped. */
  onStop(): Promise<void>;
};

/** A call that is owed an answer. `job` is set while it waits in the queue. */
type Call = {
  readonly ticket: Ticket | null;
  tensors: Uint8Array[];
  /** True while `tensors` lie in imaging's memory. */
  borrowed: boolean;
  job: (() => Promise<void>) | null;
  begun: boolean;
};

export function createModelWorker(options: ServeOptions): ModelWorker {
  const { now } = options;
  const inbox = new Inbox();
  const pool = new TensorPool(POOL_BYTES);
  const sockets = new DataLink(
    options.worker,
    (header, payload) => inbox.receive(header, payload),
    (bytes) => pool.allocate(bytes),
  );
  const queue = new RunQueue();
  const calls = new Map<CallId, Call>();
  let model: Model | null = null;
  let shared: SharedTensors | null = null;
  let loading: Promise<void> | null = null;

  const open = (id: CallId, ticket: Ticket | null): Call => {
    const call: Call = { ticket, tensors: [], borrowed: false, job: null, begun: false };
    calls.set(id, call);
    return call;
  };

  const poisoned = (id: CallId, error: unknown, port: Port): void => {
    port.fatal(id, error);
    options.poisoned(error);
  };

  /** The call is over: answered, failed or abandoned. Nothing reads its tensors any more. */
  const settle = (id: CallId, call: Call): void => {
    calls.delete(id);
    const { tensors, borrowed } = call;
    call.tensors = [];
    call.borrowed = false;
    if (borrowed) shared?.done();
    else for (const tensor of tensors) pool.release(tensor);
  };

  /** Queues `work`; its value is the answer. */
  const enqueue = (id: CallId, call: Call, port: Port, work: () => Promise<unknown>): void => {
    call.job = async () => {
      call.begun = true;
      port.begin(id);
      try {
        const value = await work();
        port.result(id, value);
      } catch (error) {
        if (isSticky(error)) poisoned(id, error, port);
        else port.fail(id, error, 'model_failed');
      } finally {
        settle(id, call);
      }
    };
    queue.push(call.job);
  };

  const ready = (): Model => {
    if (model === null) throw new FacepoolError('model_loading', 'the model is not loaded yet');
    return model;
  };

  const load = async (id: CallId, params: LoadParams, port: Port): Promise<void> => {
    try {
      model = await loadModel(params, {
        open: options.open,
        now,
        onPhase: (phase) => port.progress(phase),
        onNoTwin: options.onNoTwin,
      });
      port.result(id, model.loaded);
    } catch (error) {
      if (isSticky(error)) poisoned(id, error, port);
      else port.fail(id, error, 'model_failed');
    }
  };

  const link = (path: string, arena: ArenaRef | undefined, port: Port): void => {
    sockets.connect(path);
    if (arena === undefined) return;
    shared ??= new SharedTensors({
      onMapped: (id) => port.mapped(id),
      onFailed: options.onUnshared ?? (() => {}),
      openWindow: options.openWindow,
    });
    shared.link(arena);
  };

  const borrow = (tensors: readonly SharedTensor[]): Uint8Array[] => {
    if (shared === null) throw new FacepoolError('invalid_argument', 'no memory is shared here', { param: 'shared' });
    return shared.open(tensors);
  };

  const infer = async (id: CallId, params: InferParams, port: Port): Promise<void> => {
    const asked = now();
    const call = open(id, params.ticket);
    try {
      const loaded = ready();
      loaded.check(params);
      if (params.shared === undefined) {
        const tensors = await inbox.take(params.ticket, params.parts.length);
        if (calls.get(id) !== call) {
          for (const tensor of tensors) pool.release(tensor);
          return;
        }
        call.tensors = tensors;
      } else {
        call.tensors = borrow(params.shared);
        call.borrowed = true;
      }
      checkBytes(params.parts, call.tensors);
      enqueue(id, call, port, async (): Promise<InferResult> => {
        const began = now();
        if (params.shared !== undefined) shared?.check(params.shared);
        const output = await loaded.infer(params, call.tensors);
        if (params.shared !== undefined) shared?.check(params.shared);
        return { output, computeMs: now() - began, waitMs: began - asked };
      });
    } catch (error) {
      inbox.forget(params.ticket);
      // An abandoned call has left the map: no answer is owed.
      if (calls.get(id) === call) port.fail(id, error, 'invalid_argument');
      settle(id, call);
    }
  };

  const probe = (id: CallId, port: Port): void => {
    try {
      const loaded = ready();
      enqueue(id, open(id, null), port, () => loaded.probe());
    } catch (error) {
      port.fail(id, error);
    }
  };

  const abandon = (id: CallId): void => {
    const call = calls.get(id);
    // A run that has begun is answered all the same: the supervisor counts on it to know when this process is free.
    if (call === undefined || call.begun) return;
    calls.delete(id);
    if (call.ticket !== null) inbox.forget(call.ticket);
    if (call.job !== null) queue.remove(call.job);
    settle(id, call);
  };

  return {
    onMessage(message, port) {
      if (message.v !== PROTOCOL_VERSION) {
        const spoken = `protocol ${PROTOCOL_VERSION} is spoken here, not ${message.v}`;
        if ('id' in message) port.fail(message.id, new FacepoolError('invalid_argument', spoken, { param: 'v' }));
        return;
      }
      switch (message.type) {
        case 'load':
          if (loading === null) loading = load(message.id, message.params, port);
          else port.fail(message.id, new FacepoolError('conflict', 'this worker has its model'));
          break;
        case 'infer':
          if (typeof message.params !== 'object')
            port.fail(message.id, new FacepoolError('invalid_argument', 'no params'));
          else void infer(message.id, message.params, port);
          break;
        case 'probe':
          probe(message.id, port);
          break;
        case 'abandon':
          abandon(message.id);
          break;
        case 'link':
          link(message.path, message.arena, port);
          break;
        case 'ping':
        case 'hold':
        case 'stop':
          break;
      }
    },
    async onStop() {
      await queue.close();
      sockets.close();
    },
  };
}
