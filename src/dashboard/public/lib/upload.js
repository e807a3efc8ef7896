/** A form sent with its progress, and answered with server-sent events: fetch tells nothing of what is sent. */
import { askForKey, currentKey } from './key.js';
import { ApiError, problemOf, unreachable } from './problem.js';
import { createParser } from './sse.js';

/** @import { Message } from './sse.js' */

/**
 * @typedef {object} UploadOptions
 * @property {FormData} form
 * @property {AbortSignal} signal
 * @property {string} needs why a key is needed
 * @property {(sent: number, total: number) => void} onSent bytes
 * @property {(message: Message) => void} onMessage
 */

/**
 * Resolves when the answer is complete.
 * @param {string} path
 * @param {UploadOptions} options
 * @returns {Promise<void>}
 * @throws {ApiError} also `unreachable`; an AbortError when the signal ends it
 */
export async function upload(path, options) {
  const { needs } = options;
  if (currentKey() === null && !(await askForKey({ reason: needs, byHand: true }))) {
    throw new ApiError({ status: 401, code: 'unauthorized', title: 'Credentials needed', detail: needs });
  }
  for (;;) {
    const error = await send(path, options);
    if (error === null) return;
    const isKey = error.status === 401 || (error.status === 403 && error.code === 'forbidden');
    const reason = error.status === 403 ? `${error.message} Give a key of the scope that is needed.` : error.message;
    if (!isKey || !(await askForKey({ reason, byHand: true }))) throw error;
  }
}

/**
 * @param {string} path
 * @param {UploadOptions} options
 * @returns {Promise<ApiError | null>} null: it was answered well
 */
function send(path, { form, signal, onSent, onMessage }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const parse = createParser(onMessage);
    let read = 0;
    const more = () => {
      if (request.status < 200 || request.status > 299) return;
      const piece = request.responseText.slice(read);
      read = request.responseText.length;
      if (piece !== '') parse(piece);
    };
    const onAbort = () => request.abort();
    const over = () => signal.removeEventListener('abort', onAbort);
    request.open('POST', path);
    request.setRequestHeader('accept', 'text/event-stream');
    const key = currentKey();
    if (key !== null) request.setRequestHeader('x-api-key', key);
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(loaded, total));
    request.addEventListener('progress', more);
    request.addEventListener('error', () => reject(unreachable(null)));
    request.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    request.addEventListener('load', () => {
      more();
      if (request.status >= 200 && request.status <= 299) resolve(null);
      else void problemOf(new Response(request.responseText, { status: request.status })).then(resolve);
    });
    request.addEventListener('loadend', over);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) reject(new DOMException('given up', 'AbortError'));
    else request.send(form);
  });
}
