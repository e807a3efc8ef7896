/** The tab "System" in a real browser, with made-up figures: two GPUs, a crash, alerts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { GPUS } from '../support/made-up.ts';
import { openTab } from '../support/open.ts';

const WAIT_MS = 20_000;

describe('the tab System', { skip: skipWithoutBrowser }, () => {
  it('has every device, process, alert and finding, and says what is not reported', async (t) => {
    const { page } = await openTab(t, 'system');
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
    const { page } = await openTab(t, 'system', { gpus: false });
    await page.locator('.tile').first().waitFor();
    assert.equal(await page.locator('.tile').count(), 1);
    assert.match((await page.locator('.notes').textContent()) ?? '', /^No NVIDIA driver: .* Models run on the CPU\.$/);
  });

  it('marks events with text on focus, and lists them by severity', async (t) => {
    const { page } = await openTab(t, 'system');
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
    const { page } = await openTab(t, 'system');
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
    const { page } = await openTab(t, 'system');
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
    const { page } = await openTab(t, 'system');
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
