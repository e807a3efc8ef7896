import assert from 'node:assert/strict';
import { it } from 'node:test';
import sharp from 'sharp';
import { imageType } from '../../src/http/image-type.ts';

it('knows every format that is read here, by pictures that are real', async () => {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  for (const [type, extension, bytes] of [
    ['image/jpeg', 'jpg', await picture.clone().jpeg().toBuffer()],
    ['image/png', 'png', await picture.clone().png().toBuffer()],
    ['image/webp', 'webp', await picture.clone().webp().toBuffer()],
    ['image/gif', 'gif', await picture.clone().gif().toBuffer()],
    ['image/avif', 'avif', await picture.clone().avif().toBuffer()],
    ['image/tiff', 'tif', await picture.clone().tiff().toBuffer()],
  ] as const) {
    const { type: found, extension: ending } = imageType(bytes);
    assert.deepEqual([found, ending], [type, extension]);
  }
});

it('calls nothing else a picture', () => {
  for (const text of [
    '',
    '<svg xmlns="http://www.w3.org/2000/svg">',
    '<html>',
    '%PDF-1.7',
    'GIF8',
    '\xff\xd8',
    ' GIF89a',
  ]) {
    assert.equal(imageType(Buffer.from(text, 'latin1')).type, null, text);
  }
});
