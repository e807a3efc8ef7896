/**
 * One frame on the data plane: a 24-byte header and `length` bytes of payload.
 *
 *     0  u32  magic 'FPF1'      4  u32  part
 *     8  f64  ticket            16 u32  length      20 u32 reserved, 0
 *
 * All little-endian. A ticket is given once per transfer and never reused, so bytes that arrive late
 * can never be taken for another request's.
 */
import type { Ticket } from '../contract/protocol.ts';

export const MAGIC = 0x3146_5046;
export const HEADER_BYTES = 24;
/** A length above this is a broken stream, not a picture. */
export const MAX_PAYLOAD_BYTES = 1_073_741_824;
/** Ticket of the first frame on a worker's connection: `part` is the worker's id, there is no payload. */
export const HELLO_TICKET = 0;

export type FrameHeader = { readonly ticket: Ticket; readonly part: number; readonly length: number };

export function encodeHeader(header: FrameHeader): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  out.writeUInt32LE(MAGIC, 0);
  out.writeUInt32LE(header.part, 4);
  out.writeDoubleLE(header.ticket, 8);
  out.writeUInt32LE(header.length, 16);
  return out;
}

/** Throws on a stream that is not ours. */
export function decodeHeader(bytes: Buffer): FrameHeader {
  const length = bytes.readUInt32LE(16);
  if (bytes.readUInt32LE(0) !== MAGIC || length > MAX_PAYLOAD_BYTES) throw new Error('data plane: not a frame header');
  return { ticket: bytes.readDoubleLE(8), part: bytes.readUInt32LE(4), length };
}
