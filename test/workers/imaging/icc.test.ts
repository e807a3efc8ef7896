import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsConversion } from '../../../workers/imaging/icc.ts';

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

test('profiles near sRGB are read as they are, wide ones are converted', () => {
  assert.equal(needsConversion(undefined), false);
  assert.equal(needsConversion(Buffer.from('....desc....sRGB IEC61966-2.1')), false);
  assert.equal(needsConversion(utf16be('Display P3')), false);
  assert.equal(needsConversion(utf16be('Adobe RGB (1998)')), true);
  assert.equal(needsConversion(Buffer.from('....desc....ProPhoto RGB')), true);
});
