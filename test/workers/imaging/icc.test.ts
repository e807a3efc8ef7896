import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsConversion } from '../../../workers/imaging/icc.ts';
import { profile } from './support.ts';

test('profiles near sRGB are read as they are, wide ones are converted', () => {
  const srgb = profile([0.436, 0.2225, 0.0139, 0.3851, 0.717, 0.0971, 0.143, 0.0606, 0.7141]);
  const p3 = profile([0.5151, 0.2412, -0.001, 0.292, 0.6922, 0.0419, 0.157, 0.0666, 0.784]);
  const adobe = profile([0.6097, 0.3111, 0.0195, 0.2053, 0.6257, 0.0609, 0.1492, 0.0632, 0.7446]);
  assert.equal(needsConversion(srgb), false);
  assert.equal(needsConversion(p3), false);
  assert.equal(needsConversion(adobe), true);
  assert.equal(needsConversion(profile([])), true, 'a profile of tables only');
  assert.equal(needsConversion(profile([], 'GRAY')), false);
  assert.equal(needsConversion(profile([], 'CMYK')), false);
});

test('no profile, and a broken one, is not converted', () => {
  assert.equal(needsConversion(undefined), false);
  assert.equal(needsConversion(Buffer.from('not a profile')), false);
  const broken = profile([]);
  broken.writeUInt32BE(0xffffffff, 128);
  assert.equal(needsConversion(broken.subarray(0, 140)), true, 'it is left to the decoder to ignore');
});
