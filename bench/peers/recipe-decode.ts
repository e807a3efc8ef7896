/**
 * Reading a picture the way the design's recipe says it (runtime-facts.md, section 6), word for word: what facepool did when
 * its aims were set, before its decoder learnt anything else. JPEG, PNG and WebP.
 */
import sharp from 'sharp';
import { toRaster } from '../../workers/imaging/raster.ts';
import type { ReadPicture } from './tuned-pipeline.ts';

const MAX_PIXELS = 100_000_000;

export const readByRecipe: ReadPicture = async (bytes, fit, multipleOf) => {
  const { autoOrient } = await sharp(bytes).metadata();
  const { data, info } = await sharp(bytes, {
    autoOrient: true,
    ignoreIcc: true,
    failOn: 'error',
    limitInputPixels: MAX_PIXELS,
  })
    .resize(fit, fit, { fit: 'inside', kernel: 'linear' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...autoOrient, raster: toRaster(data, info.width, info.height, multipleOf) };
};
