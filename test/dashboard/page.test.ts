/** The page in a real browser, before the real HTTP layer with made-up answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { AlertAnswer } from '../../src/contract/history.ts';
import { countPixels, skipWithoutBrowser } from '../e2e/support/browser.ts';
import { until } from '../e2e/support/until.ts';
import { storedEvent } from '../http/support/observatory.ts';
import { assertUsable, faintTexts } from './support/audit.ts';
import { madeUpAlerts } from './support/made-up.ts';
import { openTab } from './support/open.ts';
import { twoFaces } from './support/server.ts';

const WAIT_MS = 20_000;
const GREEN = [61, 220, 132] as const;
/** The second of `twoFaces` is a spoof. */
const RED = [255, 107, 94] as const;
const PICTURE = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#222222' } })
  .png()
  .toBuffer();

async function choose(page: Page, selector: string, buffer: Buffer = PICTURE): Promise<void> {
  await page.locator(`${selector} input[type=file]`).setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer });
}

describe('the page', { skip: skipWithoutBrowser }, () => {
  it('is usable and readable in every tab, light and dark, wide and on a phone', async (t) => {
    for (const options of [{}, { width: 360, height: 780, dark: true }]) {
      const { page, errors, foreign } = await openTab(t, 'detect', options);
      await choose(page, '.detect');
      await page.locator('table.faces tbody tr').first().waitFor();
      for (const tab of ['Detect', 'People', 'Models', 'System']) {
        await page.getByRole('tab', { name: tab }).click();
        await page.locator(`#panel-${tab.toLowerCase()}:not([hidden])`).waitFor();
        if (tab === 'People') await page.locator('.people-list').waitFor();
        if (tab === 'Models') await page.locator('.model').first().waitFor();
        if (tab === 'System') await page.locator('.plot canvas').first().waitFor();
        await assertUsable(page);
        assert.deepEqual(await faintTexts(page), [], `${tab} ${JSON.stringify(options)}`);
      }
      assert.deepEqual([errors, foreign], [[], []]);
    }
  });

  it('is walked through with the keyboard', async (t) => {
    const { page } = await openTab(t, 'detect');
    const focused = () => page.locator('html').evaluate((root) => root.ownerDocument.activeElement.id);
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').textContent(), 'Skip to the content');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'tab-detect');
    for (const tab of ['people', 'models']) {
      await page.keyboard.press('ArrowRight');
      assert.equal(await focused(), `tab-${tab}`);
      assert.equal(await page.locator(`#panel-${tab}`).isVisible(), true);
      assert.equal(new URL(page.url()).hash, `#${tab}`);
    }
    await page.keyboard.press('End');
    assert.equal(await focused(), 'tab-system');
    await page.keyboard.press('ArrowRight');
    assert.deepEqual([await focused(), await page.title()], ['tab-detect', 'Detect · facepool']);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await page.locator(':focus').textContent(), 'Skip to the content', 'one stop for all tabs');
    await page.keyboard.press('Shift+Tab');
    await page.getByRole('tab', { name: 'Models' }).click();
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'main');
    assert.equal(await page.locator('#panel-models').isVisible(), true, 'skipping leaves the tab');
  });

  it('draws what was found over the picture, and lists the same', async (t) => {
    const { page } = await openTab(t, 'detect', { scale: 2 });
    await choose(page, '.detect');
    await page.locator('table.faces tbody tr').nth(1).waitFor();
    const canvas = page.locator('.detect canvas');
    const [green, red] = [
      await countPixels(page, '.detect canvas', GREEN),
      await countPixels(page, '.detect canvas', RED),
    ];
    assert.ok(green > 1000 && red > 500, `${green} green, ${red} red`);
    const ratio = await canvas.evaluate((element) => element.width / element.clientWidth);
    assert.ok(Math.abs(ratio - 2) < 0.02, `${ratio} pixels of the canvas for one of the page`);
    assert.match((await canvas.getAttribute('aria-label')) ?? '', /^2 faces found/);
    assert.match(
      (await page.locator('table.faces tbody tr').nth(1).textContent()) ?? '',
      /98 %spoof 4 %accepted 0\.90usable 0\.80100 × 130 at 240, 60/,
    );

    await page.getByRole('button', { name: 'Mark face 2' }).click();
    assert.ok((await countPixels(page, '.detect canvas', RED)) > red, 'the selected box is thicker');
    await page.locator('.detect .check', { hasText: 'Labels' }).click();
    await page.locator('.detect .check', { hasText: 'Landmarks' }).click();
    assert.ok((await countPixels(page, '.detect canvas', GREEN)) < green, 'labels are gone');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save CSV' }).click(),
    ]);
    assert.equal(readFileSync(await download.path(), 'utf8').split('\n').length, 4);
  });

  it("tells an error in the API's words, and what is shown where a model is missing", async (t) => {
    let calls = 0;
    const { page } = await openTab(t, 'detect', {
      faces: async ({ requestId }) => {
        calls += 1;
        if (calls === 1) throw new FacepoolError('image_undecodable', 'The JPEG ends too early.');
        if (calls < 4) throw new FacepoolError('model_missing', 'recognizer: no weights here');
        return twoFaces(requestId);
      },
    });
    await choose(page, '.detect');
    const note = page.locator('.detect .note');
    await note.waitFor();
    assert.equal(await note.textContent(), 'Picture is broken: The JPEG ends too early. (image_undecodable)');
    await choose(page, '.detect');
    await page.locator('table.faces tbody tr').first().waitFor();
    assert.equal(
      await note.textContent(),
      'Model weights are missing: recognizer: no weights here (model_missing) Only detection is shown.',
    );
  });

  it('compares two pictures', async (t) => {
    const { page } = await openTab(t, 'detect');
    await choose(page, '[data-side=source_image]');
    await page.locator('.verdict', { hasText: 'Now the other picture.' }).waitFor();
    await choose(page, '[data-side=target_image]');
    await page.locator('.verdict .big').waitFor();
    assert.match((await page.locator('.verdict').textContent()) ?? '', /The same person.*97 %.*0\.7500.*0\.4270/);
    assert.match((await page.locator('#say').textContent()) ?? '', /^The same person/);
  });

  it('says why the camera cannot be used', async (t) => {
    const { page } = await openTab(t, 'detect');
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.locator('.detect .note').waitFor();
    assert.match((await page.locator('.detect .note').textContent()) ?? '', /camera/);
    assert.equal(await page.getByRole('button', { name: 'Use the camera' }).getAttribute('aria-pressed'), 'false');
  });
});

it('asks for a key where one is needed, keeps it for the tab only, and never puts it in an address', {
  skip: skipWithoutBrowser,
}, async (t) => {
  const { page } = await openTab(t, 'models', { auth: { mode: 'required' } });
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(request.url()));
  const input = page.locator('#key-input');
  await input.waitFor();
  await assertUsable(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  const note = page.locator('#panel-models .note');
  await note.waitFor();
  assert.match((await note.textContent()) ?? '', /This server wants an API key\. \(unauthorized\)/);
  await page.getByRole('button', { name: 'Key', exact: true }).click();
  await input.fill('fp_wrong_key');
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.locator('#key-reason', { hasText: /key/ }).waitFor();
  assert.ok(asked.every((address) => !address.includes('fp_wrong_key')));
  const kept = await page
    .locator('html')
    .evaluate(({ ownerDocument: { defaultView: view } }) => [
      JSON.stringify(view.sessionStorage).includes('fp_wrong_key'),
      JSON.stringify(view.localStorage).includes('fp_wrong_key'),
    ]);
  assert.deepEqual(kept, [true, false]);
});

it('counts alerts in its title and reads errors aloud, whatever tab is shown', {
  skip: skipWithoutBrowser,
}, async (t) => {
  let alerts: AlertAnswer[] = [];
  const { page, server } = await openTab(t, 'detect', { own: { alerts: () => alerts } });
  await page.locator('#connection[data-state=live]').waitFor();
  await until('the stream is open', WAIT_MS, () => server.observatory.listeners() === 1);
  assert.equal(await page.locator('#alert-count').isVisible(), false);
  alerts = madeUpAlerts(Date.now() / 1000);
  const text = 'GPU 0 is busy: 97 %.';
  server.observatory.happen({ ...storedEvent(1, 'alert'), severity: 'error', text });
  await page.locator('#alert-count', { hasText: '1' }).waitFor();
  assert.equal(await page.locator('#say').textContent(), text);
});
