/** Pictures and places made worse, so that the face can be recognised no more. */
import sharp from 'sharp';
import type { FiveLandmarks, Point } from '../../../src/contract/geometry.ts';
import type { FaceGeometry } from '../../../src/contract/protocol.ts';
import { seededBytes } from '../../../src/util/seeded.ts';

type Pixels = { readonly data: Buffer; readonly width: number; readonly height: number };

export function landmarksOf(face: FaceGeometry): FiveLandmarks {
  if (face.landmarks === null) throw new Error('no landmarks');
  return face.landmarks;
}

export function eyeDistance(face: FaceGeometry): number {
  const [[x1, y1], [x2, y2]] = landmarksOf(face);
  return Math.hypot(x2 - x1, y2 - y1);
}

async function pixelsOf(bytes: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

function encode({ data, width, height }: Pixels): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** @param sigma in eye distances of the face */
export async function blurred(bytes: Uint8Array, face: FaceGeometry, sigma: number): Promise<Buffer> {
  return sharp(bytes)
    .blur(sigma * eyeDistance(face))
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Reduced until the eyes are `pixels` apart, and enlarged again to its size. */
export async function tiny(bytes: Uint8Array, face: FaceGeometry, pixels: number): Promise<Buffer> {
  const { width, height } = await sharp(bytes).metadata();
  const scale = pixels / eyeDistance(face);
  const small = await sharp(bytes)
    .resize(Math.round(width * scale), Math.round(height * scale), { fit: 'fill' })
    .png()
    .toBuffer();
  return sharp(small).resize(width, height, { fit: 'fill' }).png({ compressionLevel: 1 }).toBuffer();
}

/** Uniform noise on every pixel, the same every time. Grains are as large as a pixel of the crop that is judged. */
export async function noisy(bytes: Uint8Array, face: FaceGeometry, amplitude: number): Promise<Buffer> {
  const pixels = await pixelsOf(bytes);
  const grain = Math.max(1, Math.round(eyeDistance(face) / 30));
  const columns = Math.ceil(pixels.width / grain);
  const noise = seededBytes(7, columns * Math.ceil(pixels.height / grain) * 3);
  const data = Buffer.alloc(pixels.data.length);
  for (let y = 0, i = 0; y < pixels.height; y++) {
    for (let x = 0; x < pixels.width; x++) {
      for (let c = 0; c < 3; c++, i++) {
        const at = (Math.floor(y / grain) * columns + Math.floor(x / grain)) * 3 + c;
        const value = (pixels.data[i] ?? 0) + (((noise[at] ?? 0) - 127.5) / 127.5) * amplitude;
        data[i] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return encode({ ...pixels, data });
}

/** Nothing but noise. */
export function noise(width: number, height: number, seed: number): Promise<Buffer> {
  return encode({ data: Buffer.from(seededBytes(seed, width * height * 3)), width, height });
}

/** The same place turned by 180°, so that its crop shows the face upside-down. */
export function upsideDown(face: FaceGeometry): FaceGeometry {
  const [left, right, nose, mouthLeft, mouthRight] = landmarksOf(face);
  const eyes: Point = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  // The middle of the crop lies a fifth of the way from the eyes to the nose.
  const centre: Point = [eyes[0] + 0.2 * (nose[0] - eyes[0]), eyes[1] + 0.2 * (nose[1] - eyes[1])];
  const turn = ([x, y]: Point): Point => [2 * centre[0] - x, 2 * centre[1] - y];
  return { box: face.box, landmarks: [turn(left), turn(right), turn(nose), turn(mouthLeft), turn(mouthRight)] };
}

/** The place of a face at another spot of some picture. */
export function placeAt(face: FaceGeometry, x: number, y: number): FaceGeometry {
  const { box } = face;
  const move = ([px, py]: Point): Point => [px - box.x_min + x, py - box.y_min + y];
  const [left, right, nose, mouthLeft, mouthRight] = landmarksOf(face);
  return {
    box: { x_min: x, y_min: y, x_max: x + box.x_max - box.x_min, y_max: y + box.y_max - box.y_min },
    landmarks: [move(left), move(right), move(nose), move(mouthLeft), move(mouthRight)],
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

/** Probability that a good one scores higher than a bad one: the area under the ROC curve. */
export function auc(good: readonly number[], bad: readonly number[]): number {
  let wins = 0;
  for (const g of good) for (const b of bad) wins += g > b ? 1 : g === b ? 0.5 : 0;
  return wins / (good.length * bad.length);
}
