import assert from 'node:assert/strict';
import test from 'node:test';
import { ERROR_CATALOGUE, FacepoolError, fromWire, toWire } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';

/** Stable for clients: a code that changes its status, or goes, breaks them. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  missing_image: 400,
  unknown_option: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  space_mismatch: 409,
  swap_in_progress: 409,
  payload_too_large: 413,
  unsupported_media: 415,
  image_undecodable: 422,
  too_many_pixels: 422,
  no_face: 422,
  too_many_faces: 422,
  ood_rejected: 422,
  spoof_detected: 422,
  poison_input: 422,
  face_too_small: 422,
  looks_like_other: 422,
  people_unavailable: 503,
  queue_full: 429,
  rate_limited: 429,
  internal: 500,
  model_failed: 502,
  model_missing: 503,
  model_stopped: 503,
  model_loading: 503,
  memory_exhausted: 503,
  shutting_down: 503,
  deadline_exceeded: 504,
  storage_full: 507,
};

for (const [code, status] of Object.entries(STATUS) as [ErrorCode, number][]) {
  test(`${code} is ${status}, has a title, and crosses a process border whole`, () => {
    const error = new FacepoolError(code, 'detail', { param: 'p', retryAfterS: 2, cause: new Error('inner') });
    assert.equal(error.status, status);
    assert.match(ERROR_CATALOGUE[code].title, /^[A-Z].*[^.]$/);
    const back = fromWire(structuredClone(toWire(error)));
    assert.ok(back instanceof FacepoolError);
    assert.deepEqual(
      [back.code, back.message, back.param, back.retryAfterS, back.status],
      [code, 'detail', 'p', 2, status],
    );
  });
}

test('the table above is the whole catalogue, and titles tell codes apart', () => {
  assert.deepEqual(Object.keys(ERROR_CATALOGUE).sort(), Object.keys(STATUS).sort());
  const titles = Object.values(ERROR_CATALOGUE).map((spec) => spec.title);
  assert.equal(new Set(titles).size, titles.length);
});

test('what is no FacepoolError gets the fallback code, and its stack for the log only', () => {
  const wire = toWire(new TypeError('x is undefined'), 'model_failed');
  assert.equal(wire.code, 'model_failed');
  assert.match(wire.stack ?? '', /TypeError: x is undefined/);
  const back = fromWire(structuredClone(wire));
  assert.equal(back.message, 'x is undefined');
  assert.ok(back.cause instanceof Error, 'http tells nothing of a model_failed that has a cause');
  assert.deepEqual(toWire('a text'), { code: 'internal', message: 'a text', stack: undefined });
  assert.equal(toWire(undefined).message, 'undefined');
});

test('the stack of a FacepoolError stays where it was made', () => {
  assert.equal(toWire(new FacepoolError('no_face', 'none')).stack, undefined);
  assert.equal(fromWire({ code: 'no_face', message: 'none' }).cause, undefined);
});
