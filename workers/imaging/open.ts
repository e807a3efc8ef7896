/** `open`: bytes → a frame in the store. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { OpenParams } from '../../src/contract/protocol.ts';
import type { Arena, Slot } from '../../src/frames/arena.ts';
import type { ByteBudget } from './byte-budget.ts';
import { decode, fitInside, readHeader } from './decode.ts';
import type { FrameParts } from './frame.ts';
import { paddedBytes } from './raster.ts';

/**
 * Waits for the bytes that the picture needs, decodes it (into shared memory while there is room), and keeps only what
 * its frame holds.
 * Throws what `readHeader` and `decode` throw, and the signal's reason when abandoned; nothing is held then.
 */
export async function openPicture(
  encoded: Uint8Array,
  params: OpenParams,
  budget: ByteBudget,
  signal: AbortSignal,
  arena: Arena | null = null,
): Promise<FrameParts> {
  const { maxPixels, fit, multipleOf } = params;
  const header = await readHeader(encoded, maxPixels);
  const size = fitInside(header.width, header.height, fit);
  const frameBytes = encoded.length + paddedBytes(size.width, size.height, multipleOf);
  const needed = frameBytes + header.scratchBytes;
  if (needed > budget.max) {
    const detail = `decoding this picture takes ${needed} bytes; at most ${budget.max} are allowed`;
    throw new FacepoolError('too_many_pixels', detail);
  }
  const holding = await budget.acquire(needed, signal);
  const slots: Slot[] = [];
  const place = (bytes: number): Uint8Array | null => {
    const slot = arena?.place(bytes);
    if (slot) slots.push(slot);
    return slot?.data ?? null;
  };
  try {
    const reduced = await decode(encoded, header, fit, maxPixels, multipleOf, place);
    signal.throwIfAborted();
    holding.drop(header.scratchBytes);
    return { encoded, header, maxPixels, reduced, holding, slot: slots[0] ?? null };
  } catch (error) {
    for (const slot of slots) slot.free();
    holding.release();
    throw error;
  }
}
