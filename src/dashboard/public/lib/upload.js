/** What is sent with its progress, which fetch does not tell: forms answered with server-sent events, and pictures. */
import { askForKey, currentKey, keyIsMissing } from './key.js';
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
 * @typedef {object} Sending
 * @property {XMLHttpRequestBodyInit} body
 * @property {Record<string, string>} headers
 * @property {AbortSignal} signal
 * @property {(sent: number, total: number) => void} onSent bytes
 * @property {(piece: string) => void} onText of a good answer, as it comes
 */

const NEEDED = 'This server wants an API key.';

/**
 * Resolves when the answer is complete.
 * @param {string} path
 * @param {UploadOptions} options
 * @returns {Promise<void>}
 * @throws {ApiError} also `unreachable`; an AbortError when the signal ends it
 */
export async function upload(path, { form, signal, needs, onSent, onMessage }) {
  if (currentKey() === null) await demandKey(needs);
  const onText = createParser(onMessage);
  await sendWithKey(path, { body: form, headers: { accept: 'text/event-stream' }, signal, onSent, onText });
}

/**
 * Sends a picture as it is; the answer as JSON.
 * @template T
 * @param {string} path
 * @param {{ picture: Blob, signal: AbortSignal, onSent: (sent: number, total: number) => void }} options
 * @returns {Promise<T>} what the server sends is its own contract (src/contract): it is not checked again here
 * @throws {ApiError} also `unreachable`; an AbortError when the signal ends it
 */
export async function uploadPicture(path, { picture, signal, onSent }) {
  if (keyIsMissing()) await demandKey(NEEDED);
  const type = picture.type.startsWith('image/') ? picture.type : 'application/octet-stream';
  let text = '';
  await sendWithKey(path, {
    body: picture,
    headers: { 'content-type': type },
    signal,
    onSent,
    onText: (piece) => {
      text += piece;
    },
  });
  return /** @type {T} */ (JSON.parse(text));
}

/** @param {string} reason */
async function demandKey(reason) {
  if (await askForKey({ reason, byHand: true })) return;
  throw new ApiError({ status: 401, code: 'unauthorized', title: 'Credentials needed', detail: reason });
}

/**
 * @param {string} path
 * @param {Sending} sending
 */
async function sendWithKey(path, sending) {
  for (;;) {
    const key = currentKey();
    const error = await send(path, sending, key);
    if (error === null) return;
    const isKey = error.status === 401 || (error.status === 403 && error.code === 'forbidden');
    // Another call may have got a key meanwhile.
    if (isKey && currentKey() !== key) continue;
    const reason = error.status === 403 ? `${error.message} Give a key of the scope that is needed.` : error.message;
    if (!isKey || !(await askForKey({ reason, byHand: true }))) throw error;
  }
}

/**
 * @param {string} path
 * @param {Sending} sending
 * @param {string | null} key
 * @returns {Promise<ApiError | null>} null: it was answered well
 */
function send(path, { body, headers, signal, onSent, onText }, key) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let read = 0;
    const isGood = () => request.status >= 200 && request.status <= 299;
    const more = () => {
      if (!isGood()) return;
      const piece = request.responseText.slice(read);
      read = request.responseText.length;
      if (piece !== '') onText(piece);
    };
    const onAbort = () => request.abort();
    const over = () => signal.removeEventListener('abort', onAbort);
    request.open('POST', path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (key !== null) request.setRequestHeader('x-api-key', key);
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(loaded, total));
    request.addEventListener('progress', more);
    request.addEventListener('error', () => reject(unreachable(null)));
    request.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    request.addEventListener('load', () => {
      more();
      if (isGood()) resolve(null);
      else void problemOf(answerOf(request)).then(resolve);
    });
    request.addEventListener('loadend', over);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) reject(new DOMException('given up', 'AbortError'));
    else request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function answerOf(request) {
  const wait = request.getResponseHeader('retry-after');
  return new Response(request.responseText, {
    status: request.status,
    headers: wait === null ? {} : { 'retry-after': wait },
  });
}
