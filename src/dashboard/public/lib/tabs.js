/** Tabs as ARIA describes them: arrow keys, Home and End move; the address keeps which one is open. */

/**
 * @param {HTMLElement} list the tablist
 * @param {(name: string) => void} onShow name of the tab, after `tab-`
 */
export function createTabs(list, onShow) {
  const tabs = /** @type {HTMLButtonElement[]} */ ([...list.querySelectorAll('[role="tab"]')]);
  const nameOf = (/** @type {Element} */ tab) => tab.id.replace(/^tab-/, '');
  let shown = '';

  /** @param {HTMLButtonElement} tab */
  const show = (tab) => {
    for (const other of tabs) {
      const isShown = other === tab;
      other.setAttribute('aria-selected', String(isShown));
      other.tabIndex = isShown ? 0 : -1;
      const panel = document.getElementById(other.getAttribute('aria-controls') ?? '');
      if (panel !== null) panel.hidden = !isShown;
    }
    if (shown === nameOf(tab)) return;
    shown = nameOf(tab);
    document.title = `${tab.dataset['title'] ?? tab.textContent.trim()} · facepool`;
    onShow(shown);
  };
  const fromHash = () => {
    const name = location.hash.slice(1);
    const tab = tabs.find((candidate) => nameOf(candidate) === name);
    // A hash that is no tab (the link that skips to the content has one) leaves what is shown.
    if (tab !== undefined) show(tab);
    else if (shown === '' && tabs[0] !== undefined) show(tabs[0]);
  };

  for (const tab of tabs) {
    tab.dataset['title'] = tab.firstChild?.textContent?.trim() ?? '';
    tab.addEventListener('click', () => {
      history.replaceState(null, '', `#${nameOf(tab)}`);
      show(tab);
    });
  }
  list.addEventListener('keydown', (event) => {
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab?.focus();
    tab?.click();
  });
  window.addEventListener('hashchange', fromHash);
  return { start: fromHash, shown: () => shown };
}
