/** Pictures that are kept: a crop with its landmarks in one piece, so that both are encrypted and checked together. */
import { Buffer } from 'node:buffer';
import type { NewFace } from '../../contract/people.ts';
import type { Context } from './context.ts';
import { damaged } from './faults.ts';
import { bytesOf } from './sql.ts';

type Crop = NonNullable<NewFace['crop']>;

const POINT_BYTES = 16;

/** One byte: how many landmarks; their x and y as float64, little-endian; the JPEG. */
export function cropBytes({ jpeg, landmarks }: Crop): Uint8Array {
  const begin = 1 + landmarks.length * POINT_BYTES;
  const bytes = Buffer.alloc(begin + jpeg.length);
  bytes.writeUInt8(landmarks.length, 0);
  landmarks.forEach(([x, y], i) => {
    bytes.writeDoubleLE(x, 1 + i * POINT_BYTES);
    bytes.writeDoubleLE(y, 9 + i * POINT_BYTES);
  });
  bytes.set(jpeg, begin);
  return bytes;
}

/** The JPEG is a copy of its own. */
export function cropOf(bytes: Uint8Array): Crop & { readonly jpeg: Uint8Array<ArrayBuffer> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes[0] ?? 0;
  const begin = 1 + count * POINT_BYTES;
  if (bytes.length < begin) throw damaged('a crop is too short');
  const landmarks = Array.from({ length: count }, (_, i): readonly [number, number] => [
    view.getFloat64(1 + i * POINT_BYTES, true),
    view.getFloat64(9 + i * POINT_BYTES, true),
  ]);
  return { jpeg: new Uint8Array(bytes.subarray(begin)), landmarks };
}

function unsealed(
  { sql, sealer }: Context,
  n: number,
  faceId: string,
  what: 'crop' | 'original',
): Uint8Array<ArrayBuffer> | null {
  const row = sql.get('SELECT data FROM image WHERE face = ? AND what = ?', n, what);
  return row === undefined ? null : sealer.unseal({ kind: what, faceId, space: '' }, bytesOf(row['data']));
}

export function cropRecord(context: Context, n: number, faceId: string): Crop | null {
  const bytes = unsealed(context, n, faceId, 'crop');
  return bytes === null ? null : cropOf(bytes);
}

export function imageOf(context: Context, n: number, faceId: string, what: 'crop' | 'original'): Uint8Array | null {
  const bytes = unsealed(context, n, faceId, what);
  return bytes === null || what === 'original' ? bytes : cropOf(bytes).jpeg;
}
