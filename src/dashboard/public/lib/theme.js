/** Light, dark, or as the system has it; and the colours of the page for what draws on a canvas. */

const PLACE = 'facepool.theme';
const THEMES = ['auto', 'light', 'dark'];

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} listener told when colours are others */
export function onThemeChange(listener) {
  listeners.add(listener);
}

/** @param {HTMLButtonElement} button goes through the themes */
export function createTheme(button) {
  const saved = localStorage.getItem(PLACE) ?? 'auto';
  let theme = THEMES.includes(saved) ? saved : 'auto';
  const apply = () => {
    if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.dataset['theme'] = theme;
    button.textContent = `◐ ${theme}`;
    button.setAttribute('aria-label', `Theme: ${theme}`);
    for (const listener of listeners) listener();
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
    localStorage.setItem(PLACE, theme);
    apply();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  apply();
}

/**
 * A colour of the style sheet as the browser resolved it.
 * @param {string} name without the dashes, e.g. `s1`
 */
export function color(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/**
 * @param {string} resolved `rgb(r, g, b)`
 * @param {number} alpha
 */
export function faded(resolved, alpha) {
  const channels = resolved.match(/[\d.]+/g)?.slice(0, 3) ?? ['128', '128', '128'];
  return `rgba(${channels.join(', ')}, ${alpha})`;
}
