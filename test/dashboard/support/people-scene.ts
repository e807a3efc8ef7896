/** The tab "People" of a made-up server, opened, and what people do there. */
import type { TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { openTab } from './open.ts';
import { type MadeUpPeople, madeUpPeople, orderPicture } from './people.ts';
import type { MadeUpServer } from './server.ts';

export const WAIT_MS = 20_000;
export const PICTURE = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#445566' } })
  .png()
  .toBuffer();

export type Scene = {
  readonly page: Page;
  readonly panel: Locator;
  readonly made: MadeUpPeople;
  readonly server: MadeUpServer;
  readonly errors: readonly string[];
};
export type SceneOptions = Parameters<typeof openTab>[2] & { readonly made?: MadeUpPeople };

export function someone(made = madeUpPeople()): MadeUpPeople {
  made.put('default', 'Anna Müller', { metadata: { employee: 17 } });
  made.put('default', 'Bert', { faces: [made.face(), made.face({ source: 'embedding', quality: null })] });
  return made;
}

export async function scene(t: TestContext, { made = someone(), ...options }: SceneOptions = {}): Promise<Scene> {
  const { page, errors, server } = await openTab(t, 'people', { people: made.people, enrol: made.enrol, ...options });
  return { page, panel: page.locator('#panel-people'), made, server, errors };
}

export const file = (name: string, order = `ok ${name}`) => ({
  name,
  mimeType: 'image/png',
  buffer: orderPicture(PICTURE, order),
});
export const said = (page: Page) => page.locator('#say').textContent();
export const names = (panel: Locator) => panel.locator('.subjects [data-open]').allTextContents();
/** The browser itself tells of answers that are refusals. */
export const unexpected = (errors: readonly string[]) => errors.filter((text) => !/status of (?:4\d\d|503)/.test(text));

export async function give(panel: Locator, name: string, ...files: ReturnType<typeof file>[]): Promise<void> {
  await panel.getByLabel('Name of the person').fill(name);
  await panel.locator('#people-files').setInputFiles(files);
  await panel.getByRole('button', { name: /^Add \d+ picture/ }).click();
}

/** What a browser tells of a drop; `a/b/1.png` lies in folders. */
export async function drop(page: Page, selector: string, paths: readonly string[]): Promise<void> {
  await page.locator(selector).evaluate((place, all) => {
    const view = place.ownerDocument.defaultView;
    type Entry = Record<string, unknown>;
    const tree = (under: string[][], prefix: string): Entry[] =>
      [...new Set(under.map(([first = '']) => first))].map((name): Entry => {
        const inside = under
          .filter(([first, ...rest]) => first === name && rest.length > 0)
          .map((path) => path.slice(1));
        const bytes = new view.File([`${prefix}/${name}`], name, {
          type: name.endsWith('.png') ? 'image/png' : '',
        });
        if (inside.length === 0)
          return {
            isFile: true,
            isDirectory: false,
            name,
            file: (resolve: (given: unknown) => void) => resolve(bytes),
          };
        const batches = [tree(inside, `${prefix}/${name}`), []];
        const read = (resolve: (batch: unknown) => void) => resolve(batches.shift());
        return { isFile: false, isDirectory: true, name, createReader: () => ({ readEntries: read }) };
      });
    const entries = tree(
      all.map((path) => path.split('/')),
      '',
    );
    const event = new view.Event('drop', { bubbles: true, cancelable: true });
    const files = all.filter((path) => !path.includes('/')).map((path) => new view.File([path], path));
    event.dataTransfer = { files, items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })) };
    place.dispatchEvent(event);
  }, paths);
}
