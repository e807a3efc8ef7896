/** The focus of somebody who works with the keyboard, when what has it goes away. */

/**
 * Runs what may take away, or hide, the element that has the focus; then `next` has it, and not the top of the page.
 * @param {HTMLElement} area
 * @param {HTMLElement} next
 * @param {() => void} work
 */
export function keepFocus(area, next, work) {
  const before = document.activeElement;
  const isOurs = before !== null && area.contains(before);
  work();
  if (!isOurs || (area.contains(before) && before.checkVisibility())) return;
  next.focus({ preventScroll: true });
}
