/** Elements without a framework. Text is always set as text: nothing that a server or a file says is read as HTML. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {{ [name: string]: string | number | boolean | null | undefined | (() => unknown) }} Props */

/**
 * A new element. `class`, `text` and `hidden` are what they say, `onclick` and the like are listeners, everything else is an
 * attribute; null, undefined and false leave it out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.className = String(value);
    else if (name === 'text') element.textContent = String(value);
    else if (name.startsWith('on') && typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * What may stand among children, without what is nothing.
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
export function nodes(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    return [typeof child === 'number' ? String(child) : child];
  });
}

/**
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/**
 * Sets a text only where it differs: screen readers and selections are not disturbed by what stays the same.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The element of the page with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${id}`);
  return element;
}

/**
 * Tells screen readers, politely.
 * @param {string} text
 */
export function say(text) {
  setText(byId('say', HTMLElement), text);
}

/**
 * A `<dl>` row by row: term and description, which is kept to be changed.
 * @param {readonly string[]} terms
 */
export function factList(terms) {
  const cells = new Map(terms.map((term) => [term, h('dd')]));
  const element = h(
    'dl',
    { class: 'facts' },
    ...[...cells].map(([term, cell]) => h('div', {}, h('dt', { text: term }), cell)),
  );
  return {
    element,
    /** @param {string} term @param {string | null} text null: the row is left out */
    set(term, text) {
      const cell = cells.get(term);
      if (cell?.parentElement === null || cell?.parentElement === undefined) return;
      cell.parentElement.hidden = text === null;
      setText(cell, text ?? '');
    },
  };
}
