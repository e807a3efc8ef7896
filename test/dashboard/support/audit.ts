/** What a page must keep to for people who do not use a mouse, or do not see it. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** Asserts: one h1, every control has a name, ids are unique, no positive tabindex, nothing is wider than the page. */
export async function assertUsable(page: Page): Promise<void> {
  assert.equal(await page.locator('h1').count(), 1, 'one h1');
  const faults = await page.locator('html').evaluate((root) => {
    const found: string[] = [];
    const visible = (element: { getClientRects(): { length: number } }) => element.getClientRects().length > 0;
    const ids = new Set<string>();
    for (const { id } of root.querySelectorAll('[id]')) {
      if (ids.has(id)) found.push(`the id ${id} twice`);
      ids.add(id);
    }
    for (const control of root.querySelectorAll(
      'button, a[href], input, canvas, [role=img], [role=group], [tabindex]',
    )) {
      if (!visible(control) || control.id === 'main') continue;
      const labels = [...(control.labels ?? [])].map((label) => label.textContent).join('');
      const name = control.getAttribute('aria-label') ?? control.textContent.trim();
      const inChart = control.localName === 'canvas' && control.closest('.plot') !== null;
      if (name === '' && labels.trim() === '' && !inChart) found.push(`no name: ${control.outerHTML.slice(0, 120)}`);
      if (control.tabIndex > 0) found.push(`tabindex ${control.tabIndex}`);
    }
    for (const reference of root.querySelectorAll('[aria-labelledby], [aria-controls], [aria-describedby]')) {
      for (const attribute of ['aria-labelledby', 'aria-controls', 'aria-describedby']) {
        const id = reference.getAttribute(attribute);
        if (id !== null && !ids.has(id)) found.push(`${attribute} of nothing: ${id}`);
      }
    }
    const wider = root.scrollWidth - root.clientWidth;
    if (wider > 0) found.push(`wider than the page by ${wider} px`);
    return found;
  });
  assert.deepEqual(faults, []);
}

/** Texts whose contrast with what is behind them is below 4.5, or below 3 where they are large. */
export async function faintTexts(page: Page): Promise<string[]> {
  return await page.locator('html').evaluate((root) => {
    const view = root.ownerDocument.defaultView;
    const context = root.ownerDocument.createElement('canvas').getContext('2d', { willReadFrequently: true });
    // The browser itself turns every way of writing a colour into channels.
    const channels = (color: string, under: number[]): number[] => {
      context.fillStyle = `rgb(${under.join(',')})`;
      context.fillRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (rgb: number[]): number => {
      const [r = 0, g = 0, b = 0] = rgb.map((channel) => {
        const c = channel / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element: unknown): number[] => {
      const chain: string[] = [];
      for (let at = element as { parentElement: unknown } | null; at !== null; ) {
        chain.unshift(view.getComputedStyle(at).backgroundColor);
        at = at.parentElement as { parentElement: unknown } | null;
      }
      return chain.reduce((under, color) => channels(color, under), [255, 255, 255]);
    };
    const faint: string[] = [];
    for (const element of root.querySelectorAll('body *')) {
      const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim() !== '');
      if (own.length === 0 || element.getClientRects().length === 0 || element.closest('.hidden-text, .skip') !== null)
        continue;
      const style = view.getComputedStyle(element);
      const behind = ground(element);
      const [a, b] = [luminance(channels(style.color, behind)), luminance(behind)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (contrast < (isLarge ? 3 : 4.5))
        faint.push(`${contrast.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
    }
    return faint;
  });
}
