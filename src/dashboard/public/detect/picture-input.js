/** A place for a picture: drop it, paste it, or choose it. */
import { h } from '../lib/dom.js';

let count = 0;

/**
 * @param {{ label: string, compact?: boolean, onPicture: (file: File | Blob) => void }} options
 * @returns {{ element: HTMLElement, actions: HTMLElement }} more buttons go into `actions`
 */
export function createPictureInput({ label, compact = false, onPicture }) {
  count += 1;
  const id = `picture-${count}`;
  const input = h('input', { type: 'file', id, class: 'hidden-text', accept: 'image/*' });
  const choose = h('label', { class: compact ? 'button' : 'button primary', for: id }, label, input);
  const actions = h('div', { class: 'row' }, choose);
  const element = h(
    'div',
    { class: compact ? 'drop compact' : 'drop' },
    actions,
    h('p', { class: 'muted small', text: 'or drop one here, or paste it' }),
  );

  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file !== undefined) onPicture(file);
    // The same file may be chosen again.
    input.value = '';
  });
  let depth = 0;
  element.addEventListener('dragenter', (event) => {
    event.preventDefault();
    depth += 1;
    element.classList.add('over');
  });
  element.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) element.classList.remove('over');
  });
  element.addEventListener('dragover', (event) => event.preventDefault());
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    element.classList.remove('over');
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) onPicture(file);
  });
  return { element, actions };
}

/**
 * The picture of a paste, if there is one.
 * @param {ClipboardEvent} event
 */
export function pastedPicture(event) {
  return [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith('image/'));
}

/** Larger than this and a copy is drawn, so that every redraw stays quick. */
const MOST_SIDE = 2560;

/**
 * What the browser shows of a file, upright as EXIF says; null for a format that it cannot show.
 * @param {Blob} file
 * @returns {Promise<{ bitmap: ImageBitmap, width: number, height: number } | null>} width and height of the file itself
 */
export async function showable(file) {
  try {
    const full = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const { width, height } = full;
    const shrink = MOST_SIDE / Math.max(width, height);
    if (shrink >= 1) return { bitmap: full, width, height };
    const bitmap = await createImageBitmap(full, {
      resizeWidth: Math.max(1, Math.round(width * shrink)),
      resizeHeight: Math.max(1, Math.round(height * shrink)),
      resizeQuality: 'high',
    });
    full.close();
    return { bitmap, width, height };
  } catch {
    return null;
  }
}
