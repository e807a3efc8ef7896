/** `open`: bytes → a frame in the store. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { OpenParams } from '../../src/contract/protocol.ts';
import type { ByteBudget } from './byte-budget.ts';
import { decode, fitInside, readHeader } from './decode.ts';
import type { FrameParts } from './frame.ts';
import { paddedBytes } from './raster.ts';

/**
 * Waits for the bytes that the picture needs, decodes it, and keeps only what its frame holds.
 * Throws what `readHeader` and `decode` throw, and the signal's reason when abandoned; nothing is held then.
 */
export async function openPicture(
  encoded: Uint8Array,
  params: OpenParams,
  budget: ByteBudget,
  signal: AbortSignal,
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
  try {
    const reduced = await decode(encoded, header, fit, maxPixels, multipleOf);
    signal.throwIfAborted();
    holding.drop(header.scratchBytes);
    return { encoded, header, maxPixels, reduced, holding };
  } catch (error) {
    holding.release();
    throw error;
  }
}
