/** Calls of the API: the key goes along, problems become errors with the API's own words. */
import { askForKey, currentKey, keyIsMissing } from './key.js';
import { ApiError, problemOf, unreachable } from './problem.js';

const NEEDED = 'This server wants an API key.';

/**
 * @typedef {object} CallOptions
 * @property {string} [method]
 * @property {BodyInit} [body]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal | undefined} [signal]
 * @property {boolean} [open] it needs no key, ever
 * @property {string} [needs] why a key is needed where none was given yet
 * @property {boolean} [byHand] a person waits for it: a key is asked for even after it was refused once
 */

/**
 * The response, if it is a good one.
 * @param {string} path relative to the page: `v1/…`
 * @param {CallOptions} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError} also `unreachable`; an AbortError when the signal ends it
 */
export async function call(path, options = {}) {
  const { byHand = false, open = false, needs, headers = {}, ...rest } = options;
  if ((keyIsMissing() && !open) || (needs !== undefined && currentKey() === null)) {
    const given = await askForKey({ reason: needs ?? NEEDED, byHand });
    if (!given)
      throw new ApiError({ status: 401, code: 'unauthorized', title: 'Credentials needed', detail: needs ?? NEEDED });
  }
  for (;;) {
    const key = currentKey();
    const response = await send(path, {
      ...rest,
      headers: key === null ? headers : { ...headers, 'x-api-key': key },
    });
    if (response.ok) return response;
    const error = await problemOf(response);
    if (!(await mayTryAgain(error, key, byHand))) throw error;
  }
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: BodyInit, signal?: AbortSignal | undefined, headers: Record<string, string> }} init
 */
async function send(path, { signal, ...init }) {
  try {
    return await fetch(path, { ...init, cache: 'no-store', signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable(error);
  }
}

/**
 * @param {ApiError} error
 * @param {string | null} key that was sent
 * @param {boolean} byHand
 */
async function mayTryAgain(error, key, byHand) {
  // Another call may have got a key meanwhile.
  if (error.status === 401 && currentKey() !== key) return true;
  if (error.status === 401) {
    return askForKey({ reason: key === null ? NEEDED : error.message, byHand });
  }
  // A key that may not do what a person asked for: another one may.
  if (error.status === 403 && byHand && error.code === 'forbidden') {
    return askForKey({ reason: `${error.message} Give a key of the scope that is needed.`, byHand });
  }
  return false;
}

/**
 * @template T
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<T>} what the server sends is its own contract (src/contract): it is not checked again here
 */
export async function callJson(path, options) {
  const response = await call(path, options);
  return /** @type {T} */ (await response.json());
}
