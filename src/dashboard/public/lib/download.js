/** Files that the page makes itself. */

/**
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has opened it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * @param {string} name
 * @param {string} csv
 */
export function downloadCsv(name, csv) {
  download(name, new Blob([csv], { type: 'text/csv' }));
}

/**
 * @param {string} name
 * @param {HTMLCanvasElement} canvas
 */
export async function downloadPng(name, canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob instanceof Blob) download(name, blob);
}

/** @param {string} what @param {string} ending */
export function fileName(what, ending) {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  return `facepool-${what.replace(/[^A-Za-z0-9.-]+/g, '-')}-${stamp}.${ending}`;
}
