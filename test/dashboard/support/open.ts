/** The page of a made-up server, opened in a browser of its own. */
import type { TestContext } from 'node:test';
import { openPage, type PageOptions, startBrowser, type WatchedPage } from '../../e2e/support/browser.ts';
import { type MadeUpOptions, type MadeUpServer, startMadeUp, twoFaces } from './server.ts';

export async function openTab(
  t: TestContext,
  tab: 'detect' | 'people' | 'models' | 'system',
  options: MadeUpOptions & PageOptions = {},
): Promise<WatchedPage & { readonly server: MadeUpServer }> {
  const server = await startMadeUp(t, { faces: async ({ requestId }) => twoFaces(requestId), ...options });
  const browser = await startBrowser(t);
  const watched = await openPage(browser, `${server.url}/#${tab}`, options);
  return { server, ...watched };
}
