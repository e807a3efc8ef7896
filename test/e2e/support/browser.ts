/** Debian's Chromium without a window, and what a page did: its errors, and where its requests went. */
import { existsSync } from 'node:fs';
import { after, type TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
/**
 * Of each window, which nobody sees here: two pages under the address bar and a renderer kept for the next page. They took
 * a third of the processor time of a test.
 */
const UNSEEN = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'SpareRendererForSitePerProcess'];
/** Playwright's own, as of two switches Chromium takes the last: without them it calls home, or upgrades http. */
const OFF = [
  ...['AimEnabled', 'AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades'],
  ...['HttpsFirstBalancedModeAutoEnable', 'LensOverlay', 'MediaRouter', 'NetworkTimeServiceQuerying'],
  ...['OptimizationHints', 'PaintHolding', 'PreconnectToSearch', 'ThirdPartyStoragePartitioning'],
];
/** Without them Chromium calls home at every start. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${[...OFF, ...UNSEEN].join(',')}`,
];
const CAMERA_ARGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const ACTION_MS = 20_000;

/** For `{ skip }`: false where there is a browser, else the reason. */
export const skipWithoutBrowser: string | false = existsSync(CHROMIUM) ? false : `no ${CHROMIUM} here`;

export type BrowserOptions = {
  /** A camera that shows a moving pattern. */
  readonly camera?: boolean;
};

/** With and without a camera: a start takes a second, so one serves a whole test file. */
const browsers = new Map<boolean, Promise<Browser>>();
after(async () => {
  for (const browser of browsers.values()) await (await browser).close();
});

/** The browser of this test file; the pages of `t` are closed with it, and nothing that they stored is left. */
export async function startBrowser(t: TestContext, options: BrowserOptions = {}): Promise<Browser> {
  const { camera = false } = options;
  let started = browsers.get(camera);
  if (started === undefined) browsers.set(camera, (started = launch(camera)));
  const browser = await started;
  t.after(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  return browser;
}

function launch(camera: boolean): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: camera ? [...ARGS, ...CAMERA_ARGS] : ARGS });
}

export type PageOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly scale?: number;
};

export type WatchedPage = {
  readonly page: Page;
  /** What the page wrote to the console as an error or warning, and what it threw. */
  readonly errors: readonly string[];
  /** Addresses that were asked for and are not of the server. */
  readonly foreign: readonly string[];
};

/** A page of the server; the test adds what it does with it. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<WatchedPage> {
  const { width = 1280, height = 900, dark = false, scale = 1 } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_MS);
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    const at = request.url();
    if (!at.startsWith(new URL(url).origin) && !/^(?:blob|data):/.test(at)) foreign.push(at);
  });
  await page.goto(url);
  return { page, errors, foreign };
}

/** Pixels of a canvas, as counts of those for which `isWanted` says yes and of all. */
export async function countPixels(
  page: Page,
  selector: string,
  color: readonly [red: number, green: number, blue: number],
): Promise<number> {
  return await page.locator(selector).evaluate((canvas, [red, green, blue]) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 12) count += 1;
    }
    return count;
  }, color);
}
