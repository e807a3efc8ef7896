/** JPEGs of known sizes, made from the evaluation photographs into a folder that the caller removes. */
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const PHOTOS = new URL('../../../shared/eval/photos/', import.meta.url);

export type Picture = {
  readonly name: string;
  readonly path: string;
  readonly megapixels: number;
  readonly faces: number;
};

const SOURCES = [
  { name: 'face', file: 'one_face.jpg', faces: 1 },
  { name: 'group', file: 'group-1.jpg', faces: 15 },
] as const;

/** Width and height with the aspect of `width`×`height` and as near to `megapixels` million pixels as whole numbers allow. */
export function scaledTo(width: number, height: number, megapixels: number): { width: number; height: number } {
  const scale = Math.sqrt((megapixels * 1e6) / (width * height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** One person and a group, each at every size. Throws when the evaluation photographs are not there. */
export async function makePictures(folder: string, megapixels: readonly number[]): Promise<Picture[]> {
  if (!existsSync(PHOTOS))
    throw new Error(`the benchmark needs the evaluation photographs in ${fileURLToPath(PHOTOS)}`);
  const out: Picture[] = [];
  for (const source of SOURCES) {
    const file = fileURLToPath(new URL(source.file, PHOTOS));
    const meta = await sharp(file).metadata();
    for (const size of megapixels) {
      const path = join(folder, `${source.name}-${size}mp.jpg`);
      const target = scaledTo(meta.width, meta.height, size);
      await sharp(file).resize(target.width, target.height).jpeg({ quality: 90 }).toFile(path);
      out.push({ name: source.name, path, megapixels: size, faces: source.faces });
    }
  }
  return out;
}
