/** The page in a real browser, before the real HTTP layer with made-up figures: two GPUs, a crash, alerts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { FacepoolError } from '../../src/contract/errors.ts';
import { countPixels, openPage, type PageOptions, skipWithoutBrowser, startBrowser } from '../e2e/support/browser.ts';
import { until } from '../e2e/support/until.ts';
import { assertUsable, faintTexts } from './support/audit.ts';
import type { AlertAnswer } from '../../src/contract/history.ts';
import { storedEvent } from '../http/support/observatory.ts';
import { GPUS, madeUpAlerts } from './support/made-up.ts';
import { type MadeUpOptions, startMadeUp, twoFaces } from './support/server.ts';

const WAIT_MS = 20_000;
const GREEN = [61, 220, 132] as const;
const RED = [255, 107, 94] as const;
/** Two live faces would be all green; the second of `twoFaces` is a spoof. */
const PICTURE = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#222222' } })
  .png()
  .toBuffer();

async function open(t: TestContext, tab: string, options: MadeUpOptions & PageOptions = {}) {
  const server = await startMadeUp(t, { faces: async ({ requestId }) => twoFaces(requestId), ...options });
  const browser = await startBrowser(t);
  const watched = await openPage(browser, `${server.url}/#${tab}`, options);
  return { server, ...watched };
}

async function choose(page: Page, selector: string, buffer: Buffer = PICTURE): Promise<void> {
  await page.locator(`${selector} input[type=file]`).setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer });
}

describe('the page', { skip: skipWithoutBrowser }, () => {
  it('is usable and readable in every tab, light and dark, wide and on a phone', async (t) => {
    for (const options of [{}, { dark: true }, { width: 360, height: 780, dark: true }]) {
      const { page, errors, foreign } = await open(t, 'detect', options);
      await choose(page, '.detect');
      await page.locator('table.faces tbody tr').first().waitFor();
      for (const tab of ['Detect', 'Models', 'System']) {
        await page.getByRole('tab', { name: tab }).click();
        await page.locator(`#panel-${tab.toLowerCase()}:not([hidden])`).waitFor();
        if (tab === 'Models') await page.locator('.model').first().waitFor();
        if (tab === 'System') await page.locator('.plot canvas').first().waitFor();
        await assertUsable(page);
        assert.deepEqual(await faintTexts(page), [], `${tab} ${JSON.stringify(options)}`);
      }
      assert.deepEqual([errors, foreign], [[], []]);
    }
  });

  it('is walked through with the keyboard', async (t) => {
    const { page } = await open(t, 'detect');
    const focused = () => page.locator('html').evaluate((root) => root.ownerDocument.activeElement.id);
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').textContent(), 'Skip to the content');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'tab-detect');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'tab-models');
    assert.equal(await page.locator('#panel-models').isVisible(), true);
    assert.equal(new URL(page.url()).hash, '#models');
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
    const { page } = await open(t, 'detect', { scale: 2 });
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
    const { page } = await open(t, 'detect', {
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
    const { page } = await open(t, 'detect');
    await choose(page, '[data-side=source_image]');
    await page.locator('.verdict', { hasText: 'Now the other picture.' }).waitFor();
    await choose(page, '[data-side=target_image]');
    await page.locator('.verdict .big').waitFor();
    assert.match((await page.locator('.verdict').textContent()) ?? '', /The same person.*97 %.*0\.7500.*0\.4270/);
    assert.match((await page.locator('#say').textContent()) ?? '', /^The same person/);
  });

  it('says why the camera cannot be used', async (t) => {
    const { page } = await open(t, 'detect');
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.locator('.detect .note').waitFor();
    assert.match((await page.locator('.detect .note').textContent()) ?? '', /camera/);
    assert.equal(await page.getByRole('button', { name: 'Use the camera' }).getAttribute('aria-pressed'), 'false');
  });
});

describe('the tab System', { skip: skipWithoutBrowser }, () => {
  it('has every device, process, alert and finding, and says what is not reported', async (t) => {
    const { page } = await open(t, 'system');
    await page.locator('.plot canvas').first().waitFor();
    const group = (id: string) => page.locator(`[data-group="${id}"]`);
    assert.equal(await group(GPUS[0]).locator('.plot').count(), 4);
    assert.match((await group(GPUS[1]).textContent()) ?? '', /Power: not reported by this device\./);
    assert.match((await group('cpu').textContent()) ?? '', /Temperature and power: not reported by this device\./);
    assert.equal(await page.locator('.groups.worker .plot').count(), 7);
    assert.match(
      (await group(`${GPUS[0]}:models`).locator('.legend').textContent()) ?? '',
      /other programs.*recognizer.*detector.*budget 6 GiB/,
    );
    const label = await group(GPUS[0]).locator('.plot').first().getAttribute('aria-label');
    assert.match(label ?? '', /^Utilisation of NVIDIA RTX A4000\. busy: latest \d+ %, least \d+ %, most \d+ %$/);
    const alerts = page.locator('.alerts li');
    assert.deepEqual(await alerts.evaluateAll((all) => all.map((each) => each.dataset.state)), ['firing', 'pending']);
    assert.equal(await page.locator('#alert-count').textContent(), '1');
    assert.match((await page.locator('.findings').textContent()) ?? '', /a card with 4 GiB would do/);
    assert.match((await page.locator('.notes').textContent()) ?? '', /91 % of its memory is in use/);
  });

  it('says without a GPU why there is none', async (t) => {
    const { page } = await open(t, 'system', { gpus: false });
    await page.locator('.tile').first().waitFor();
    assert.equal(await page.locator('.tile').count(), 1);
    assert.match((await page.locator('.notes').textContent()) ?? '', /^No NVIDIA driver: .* Models run on the CPU\.$/);
  });

  it('marks events with text on focus, and lists them by severity', async (t) => {
    const { page } = await open(t, 'system');
    const mark = page.locator('.mark[data-types~=crash]');
    await mark.focus();
    const tip = page.locator('#lane-tip');
    assert.match((await tip.textContent()) ?? '', /Error: recognizer was ended by SIGKILL/);
    await page.keyboard.press('Escape');
    assert.equal(await tip.isVisible(), false);
    assert.deepEqual(await page.locator('.events li').evaluateAll((all) => all.map((each) => each.dataset.type)), [
      ...['ready', 'restart', 'crash', 'alert'],
    ]);
    await page.locator('.check', { hasText: 'Info' }).click();
    await page.locator('.check', { hasText: 'Warning' }).click();
    assert.equal(await page.locator('.events li').count(), 1);
    assert.equal(await page.locator('.mark').count(), 1, 'marks follow the filter');
  });

  it('goes on second by second, zooms by dragging and by keys, and comes back', async (t) => {
    const asked: string[] = [];
    const { page } = await open(t, 'system');
    page.on('request', (request) => void asked.push(new URL(request.url()).search));
    const plot = page.locator('[data-plot="cpu:gpu_util"]');
    await plot.locator('canvas').waitFor();
    const pixels = () => plot.locator('canvas').evaluate((canvas) => canvas.toDataURL());
    const before = await pixels();
    await until('the chart moves', WAIT_MS, async () => (await pixels()) !== before);

    await plot.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const box = (await plot.locator('.u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 4 });
    await page.mouse.up();
    const whole = page.getByRole('button', { name: 'Whole range' });
    await whole.waitFor();
    const zoom = await until('history of the zoom', WAIT_MS, () => asked.find((search) => /^\?from=\d/.test(search)));
    const query = new URLSearchParams(zoom);
    const span = Number(query.get('to')) - Number(query.get('from'));
    assert.ok(span > 50 && span < 70, `${span} s of 300`);
    await whole.click();
    await whole.waitFor({ state: 'hidden' });

    await plot.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    assert.match((await page.locator('#say').textContent()) ?? '', /^\d\d:\d\d:\d\d: busy \d/);
    await page.keyboard.press('+');
    await whole.waitFor();
    await page.keyboard.press('Escape');
    await whole.waitFor({ state: 'hidden' });
  });

  it('shows a week with peaks, and saves what it shows', async (t) => {
    const { page } = await open(t, 'system');
    await page.locator('.choice', { hasText: '7 d' }).click();
    const legend = page.locator(`[data-group="${GPUS[0]}"] .legend`).first();
    await legend.getByText('peak').waitFor();
    const save = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return readFileSync(await download.path());
    };
    const device = (await save('CSV of NVIDIA RTX A4000')).toString().split('\n');
    assert.equal(device[0], 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw');
    assert.ok(device.length > 550, `${device.length} lines`);
    assert.match(
      (await save('Save all charts as CSV')).toString().split('\n')[0] ?? '',
      /^timestamp,cpu gpu_util,.*recognizer cpu/,
    );
    const { width, height } = await sharp(await save('Save all charts as PNG')).metadata();
    assert.ok(width === 932 && height > 2000, `${width} × ${height}`);
  });

  it('says when the server does not answer, and goes on when it does', async (t) => {
    let isDown = false;
    const { page } = await open(t, 'system');
    await page.locator('.plot canvas').first().waitFor();
    await page.route('**/v1/**', (route) => (isDown ? route.abort() : route.continue()));
    isDown = true;
    const pill = page.locator('#connection');
    await page.locator('#connection[data-state=lost]').waitFor();
    assert.equal(await pill.textContent(), '✕ Connection lost');
    assert.match(
      (await page.locator('#panel-system > .stack > .note').textContent()) ?? '',
      /goes on when the server is back/,
    );
    isDown = false;
    await page.locator('#connection[data-state=live]').waitFor();
    assert.equal(await page.locator('#panel-system > .stack > .note').isVisible(), false);
  });
});

it('asks for a key where one is needed, keeps it for the tab only, and never puts it in an address', {
  skip: skipWithoutBrowser,
}, async (t) => {
  const { page } = await open(t, 'models', { auth: { mode: 'required' } });
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
  const { page, server } = await open(t, 'detect', { own: { alerts: () => alerts } });
  await page.locator('#connection[data-state=live]').waitFor();
  await until('the stream is open', WAIT_MS, () => server.observatory.listeners() === 1);
  assert.equal(await page.locator('#alert-count').isVisible(), false);
  alerts = madeUpAlerts(Date.now() / 1000);
  const text = 'GPU 0 is busy: 97 %.';
  server.observatory.happen({ ...storedEvent(1, 'alert'), severity: 'error', text });
  await page.locator('#alert-count', { hasText: '1' }).waitFor();
  assert.equal(await page.locator('#say').textContent(), text);
});
