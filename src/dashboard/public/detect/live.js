/** The camera, picture by picture: the next one is sent when the last one is answered, so nothing piles up. */
import { h } from '../lib/dom.js';
import { isAbort } from '../lib/problem.js';
import { askFaces } from './ask.js';
import { openCamera } from './webcam.js';

/** @import { FacesAnswer } from '../../../contract/results.ts' */

/** Of the pictures per second, how much of the old figure stays with each new one. */
const SMOOTH = 0.8;
/** While the camera warms up. */
const FRAME_WAIT_MS = 50;

/** @typedef {typeof askFaces} Ask */

/**
 * @param {{
 *   ask?: Ask,
 *   onStart: () => void,
 *   onPicture: (bitmap: ImageBitmap, result: { answer: FacesAnswer, missing: string | null }, rate: number) => void,
 *   onError: (error: unknown) => void,
 *   onStop: () => void,
 * }} handlers
 */
export function createLive({ ask = askFaces, onStart, onPicture, onError, onStop }) {
  const button = h('button', { type: 'button', 'aria-pressed': 'false', text: 'Use the camera' });
  /** @type {AbortController | null} */
  let running = null;

  const stop = () => {
    if (running === null) return;
    running.abort();
    running = null;
    button.textContent = 'Use the camera';
    button.setAttribute('aria-pressed', 'false');
    onStop();
  };
  const start = async () => {
    const mine = new AbortController();
    const { signal } = mine;
    running = mine;
    button.textContent = 'Stop the camera';
    button.setAttribute('aria-pressed', 'true');
    onStart();
    let camera;
    try {
      camera = await openCamera();
      void camera.ended.then(() => running === mine && stop());
      await pictures(camera.grab, ask, signal, onPicture);
    } catch (error) {
      if (running === mine) {
        stop();
        if (!isAbort(error)) onError(error);
      }
    } finally {
      camera?.stop();
    }
  };
  button.addEventListener('click', () => (running === null ? void start() : stop()));
  return { button, stop };
}

/**
 * @param {() => Promise<Blob | null>} grab
 * @param {Ask} ask
 * @param {AbortSignal} signal
 * @param {(bitmap: ImageBitmap, result: { answer: FacesAnswer, missing: string | null }, rate: number) => void} onPicture
 */
async function pictures(grab, ask, signal, onPicture) {
  let rate = 0;
  let before = performance.now();
  while (!signal.aborted) {
    const picture = await grab();
    if (picture === null) {
      await new Promise((resolve) => setTimeout(resolve, FRAME_WAIT_MS));
      continue;
    }
    const result = await ask(picture, { signal, byHand: true });
    const bitmap = await createImageBitmap(picture);
    const now = performance.now();
    const current = 1000 / Math.max(1, now - before);
    rate = rate === 0 ? current : rate * SMOOTH + current * (1 - SMOOTH);
    before = now;
    // What comes after the stop is not shown any more.
    if (signal.aborted) bitmap.close();
    else onPicture(bitmap, result, rate);
  }
}
