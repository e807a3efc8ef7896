/** `deliver`: tensors to a model worker's connection. */
import type net from 'node:net';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { DeliverItem, DeliverParams, DeliverResult } from '../../src/contract/protocol.ts';
import { writeFrame } from '../../src/frames/socket.ts';
import { cropBytes } from './crop-face.ts';
import type { Frame } from './frame.ts';

/** The bytes of one item: uint8 NHWC, zeros where the batch is not filled. Throws `not_found` or `invalid_argument`. */
export function tensorOf(frame: Frame, item: DeliverItem): Uint8Array {
  if (item.kind === 'input') return frame.reduced.data;
  const set = frame.cropSet(item.set);
  const spec = set?.specs[item.spec];
  const output = set?.outputs[item.spec];
  if (set === undefined || spec === undefined || output === undefined) {
    throw new FacepoolError('not_found', 'these crops were not made');
  }
  const { from, count, batch } = item;
  if (!(from >= 0 && count >= 1 && from + count <= set.faces && batch >= count)) {
    throw new FacepoolError(
      'invalid_argument',
      `crops ${from}..${from + count - 1} of ${set.faces} in a batch of ${batch}`,
    );
  }
  const each = cropBytes(spec);
  const crops = output.subarray(from * each, (from + count) * each);
  if (batch === count) return crops;
  const padded = new Uint8Array(batch * each);
  padded.set(crops);
  return padded;
}

/** Resolves when the kernel has all bytes. `model_failed` when the worker's connection breaks. */
export async function deliver(frame: Frame, params: DeliverParams, socket: net.Socket): Promise<DeliverResult> {
  const tensors = params.items.map((item) => tensorOf(frame, item));
  const writes = tensors.map((tensor, part) =>
    writeFrame(socket, { ticket: params.ticket, part, length: tensor.length }, tensor),
  );
  try {
    await Promise.all(writes);
  } catch (error) {
    throw new FacepoolError('model_failed', 'the model process went away', { cause: error });
  }
  return { bytes: tensors.reduce((sum, tensor) => sum + tensor.length, 0) };
}
