/** The camera: opened when asked for, closed when not looked at. */
import { h } from '../lib/dom.js';

/** What the browser says → what people can do. */
const WORDS = {
  NotAllowedError: 'The camera was refused. Allow it for this page in the browser’s address bar, then try again.',
  NotFoundError: 'No camera was found.',
  NotReadableError: 'The camera is used by another program.',
  OverconstrainedError: 'The camera cannot give such a picture.',
  SecurityError: 'This browser does not let pages use the camera.',
};
const INSECURE = 'Browsers give the camera only to pages of localhost or https. Open this page in one of these ways.';
const QUALITY = 0.9;

/** @param {unknown} error */
export function cameraWords(error) {
  const name = error instanceof Error ? error.name : '';
  return /** @type {Record<string, string>} */ (WORDS)[name] ?? 'The camera could not be opened.';
}

/**
 * @returns {Promise<{ grab: () => Promise<Blob | null>, stop: () => void, ended: Promise<void> }>}
 * @throws {Error} with words for people
 */
export async function openCamera() {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) throw new Error(INSECURE);
  const video = h('video', { muted: true, playsinline: true });
  video.muted = true;
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' },
      audio: false,
    });
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    for (const track of stream?.getTracks() ?? []) track.stop();
    throw new Error(cameraWords(error), { cause: error });
  }
  const [track] = stream.getVideoTracks();
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => track?.addEventListener('ended', () => resolve()));
  const canvas = h('canvas');
  return {
    ended,
    /** One picture as JPEG; null while there is none. */
    async grab() {
      if (video.videoWidth === 0) return null;
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext('2d')?.drawImage(video, 0, 0);
      return await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
    },
    stop() {
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
  };
}
