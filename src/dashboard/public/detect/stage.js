/** A picture with what is drawn over it: sharp on every screen, fits its place, redrawn when that changes. */
import { h } from '../lib/dom.js';
import { drawFaces, lookOfFace } from './overlay.js';

/** @import { FaceAnswer } from '../../../contract/results.ts' */
/** @typedef {import('./overlay.js').Layers} Layers */

/** Of the window's height: what is below the picture should be in sight too. */
const TALLEST = 0.68;

/**
 * @param {{ onSelect?: (index: number) => void, tallest?: number, look?: import('./overlay.js').Look }} [options]
 */
export function createStage({ onSelect, tallest = TALLEST, look = lookOfFace } = {}) {
  const canvas = h('canvas', { role: 'img', 'aria-label': 'No picture yet' });
  const element = h('div', { class: 'stage', hidden: true }, canvas);
  /** @type {CanvasImageSource | null} */
  let source = null;
  let size = { width: 1, height: 1 };
  /** @type {readonly FaceAnswer[]} */
  let faces = [];
  let selected = -1;
  /** @type {Layers} */
  let layers = { landmarks: true, labels: true };
  let scale = 1;

  const draw = () => {
    if (element.hidden || element.clientWidth === 0) return;
    const most = Math.max(160, window.innerHeight * tallest);
    scale = Math.min(element.clientWidth / size.width, most / size.height);
    const width = Math.max(1, size.width * scale);
    const height = Math.max(1, size.height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    if (context !== null) paint(context, width, height, ratio, scale);
  };
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   * @param {number} ratio
   * @param {number} zoom
   */
  const paint = (context, width, height, ratio, zoom) => {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingQuality = 'high';
    if (source === null) {
      context.fillStyle = '#39424f';
      context.fillRect(0, 0, width, height);
    } else context.drawImage(source, 0, 0, width, height);
    drawFaces(context, faces, { scale: zoom, width, selected, layers, look });
  };

  new ResizeObserver(draw).observe(element);
  window.addEventListener('resize', draw);
  canvas.addEventListener('click', (event) => {
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / scale;
    const y = (event.clientY - box.top) / scale;
    // Of faces that overlap, the smaller one: it is listed later.
    const index = faces.findLastIndex(({ box: b }) => x >= b.x_min && x <= b.x_max && y >= b.y_min && y <= b.y_max);
    onSelect?.(index);
  });

  return {
    element,
    /**
     * @param {CanvasImageSource | null} picture null: a plain ground
     * @param {{ width: number, height: number }} pixels of the picture as the API counts them
     */
    show(picture, pixels) {
      if (source instanceof ImageBitmap && source !== picture) source.close();
      source = picture;
      size = pixels;
      faces = [];
      selected = -1;
      element.hidden = false;
      draw();
    },
    /**
     * @param {readonly FaceAnswer[]} found
     * @param {string} description for who does not see the picture
     */
    setFaces(found, description) {
      faces = found;
      selected = -1;
      canvas.setAttribute('aria-label', description);
      draw();
    },
    /** @param {{ width: number, height: number }} pixels */
    setSize(pixels) {
      size = pixels;
      draw();
    },
    /** @param {number} index -1: none */
    select(index) {
      selected = index;
      draw();
    },
    /** @param {Layers} shown */
    setLayers(shown) {
      layers = shown;
      draw();
    },
    clear() {
      if (source instanceof ImageBitmap) source.close();
      source = null;
      faces = [];
      element.hidden = true;
      canvas.setAttribute('aria-label', 'No picture yet');
    },
    canvas,
  };
}
