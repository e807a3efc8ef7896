/** The dashboard of a real server with real models, in a real browser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { eventsAnswerSchema, historyAnswerSchema } from '../../src/contract/history.ts';
import { assertUsable } from '../dashboard/support/audit.ts';
import { countPixels, openPage, skipWithoutBrowser, startBrowser } from './support/browser.ts';
import { configured } from './support/config-file.ts';
import { facepool } from './support/process.ts';
import { makeDataDir, startServer } from './support/server.ts';
import { picturePath, skip as skipWithoutShared } from './support/shared.ts';
import { until } from './support/until.ts';

const skip = skipWithoutBrowser === false ? skipWithoutShared : skipWithoutBrowser;
const WAIT_MS = 30_000;
const GREEN = [61, 220, 132] as const;

async function adminKey(dataDir: string): Promise<string> {
  const command = facepool(['keys', 'create', '--name', 'page', '--scope', 'admin', '--data-dir', dataDir]);
  assert.equal((await command.exited).code, 0);
  return command.stdout().trim();
}

const choose = (page: Page, place: string, name: string) =>
  page.locator(`${place} input[type=file]`).setInputFiles(picturePath(name));

it('shows faces, models and the life of a real server', { skip }, async (t) => {
  const dataDir = makeDataDir();
  const key = await adminKey(dataDir);
  const server = await startServer(configured({ admin: { http: true } }, dataDir));
  t.after(() => server.stop());
  const browser = await startBrowser(t, { camera: true });
  const { page, errors, foreign } = await openPage(browser, server.url);
  const shown = (name: string) => page.getByRole('tab', { name }).click();

  await t.test('finds faces in a picture and draws them', async () => {
    await choose(page, '.detect', 'photos/group-2.jpg');
    await page.locator('table.faces tbody tr').nth(2).waitFor();
    assert.equal(await page.locator('table.faces tbody tr').count(), 3);
    assert.match((await page.locator('.detect .summary').textContent()) ?? '', /^3 faces found in .* 3 live\.$/);
    const green = await countPixels(page, '.detect canvas', GREEN);
    assert.ok(green > 500, `${green} green pixels`);
    const steps = await page.locator('.timings dt').allTextContents();
    for (const step of ['Decoding', 'Detection', 'Recognition', 'Liveness', 'Total'])
      assert.ok(steps.includes(step), step);
  });

  await t.test('draws where the face is in a picture that EXIF turns', async () => {
    const [width, height] = [300, 200];
    const { default: sharp } = await import('sharp');
    const upright = await sharp(picturePath('photos/one_face.jpg')).resize(width, height, { fit: 'cover' }).toBuffer();
    // Orientation 6: stored lying on its left side, to be turned by 90° for viewing.
    const turned = await sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const boxOf = async (name: string, buffer: Buffer) => {
      await page.locator('.detect input[type=file]').setInputFiles({ name, mimeType: 'image/jpeg', buffer });
      await page.locator('#panel-detect:not([aria-busy])').waitFor();
      const cell = await page.locator('table.faces tbody tr').first().locator('td').last().textContent();
      return cell?.match(/\d+/g)?.map(Number) ?? [];
    };
    const straight = await boxOf('upright.jpg', upright);
    const box = await boxOf('turned.jpg', turned);
    assert.equal(straight.length, 4);
    // The detector sees other pixels, but the same face.
    assert.ok(
      straight.every((value, i) => Math.abs(value - (box[i] ?? 0)) < 12),
      `${straight.join()} and ${box.join()}`,
    );
    const ratio = await page.locator('.detect canvas').evaluate((canvas) => canvas.width / canvas.height);
    assert.ok(Math.abs(ratio - width / height) < 0.02, `shown upright: ${ratio}`);
  });

  await t.test('compares two pictures', async () => {
    await choose(page, '[data-side=source_image]', 'photos/person-vlado.jpg');
    await choose(page, '[data-side=target_image]', 'photos/person-vlado5.jpg');
    await page.locator('.verdict .big', { hasText: 'The same person' }).waitFor();
    await choose(page, '[data-side=target_image]', 'photos/person-nicole.jpg');
    await page.locator('.verdict .big', { hasText: 'Different people' }).waitFor();
    await choose(page, '[data-side=target_image]', 'photos/background.jpg');
    await page.locator('[data-side=target_image] .note', { hasText: '(no_face)' }).waitFor();
  });

  await t.test('looks through the camera until it is told to stop', async () => {
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.locator('.detect .summary', { hasText: 'pictures per second' }).waitFor();
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await page.locator('.detect .summary', { hasText: /in [\d.]+ m?s\.$/ }).waitFor();
  });

  await t.test('restarts a model with an admin key', async () => {
    await shown('Models');
    const card = page.locator('[data-model=liveness]');
    await card.getByText('● Ready').waitFor();
    const { pid } = await server.model('liveness');
    await card.getByRole('button', { name: 'Restart liveness' }).click();
    await page.locator('#key-input').fill(key);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await card.locator('.note', { hasText: /^liveness is ready, loaded in/ }).waitFor();
    assert.notEqual((await server.model('liveness')).pid, pid);
    await card.getByRole('button', { name: 'Stop liveness' }).click();
    await card.getByText('■ Stopped').waitFor();
    await card.getByRole('button', { name: 'Start liveness' }).click();
    await card.getByText('● Ready').waitFor();
    await assertUsable(page);
    assert.ok(!(await page.locator('html').innerHTML()).includes(key) && !page.url().includes(key));
  });

  await t.test('shows figures as they come, and the death of a worker', async () => {
    await shown('System');
    const plot = page.locator('[data-plot="worker:recognizer"]');
    await plot.locator('canvas').waitFor();
    const drawn = () => plot.locator('canvas').evaluate((canvas) => canvas.toDataURL());
    const before = await drawn();
    await until('the chart moves', WAIT_MS, async () => (await drawn()) !== before);
    assert.match((await page.locator('.notes').textContent()) ?? '', /NVIDIA|GPU/i);

    const { pid } = await server.model('recognizer');
    assert.ok(pid !== null);
    process.kill(pid, 'SIGKILL');
    await page.locator('.mark[data-types~=crash]').waitFor();
    const text = page.locator('.events li[data-type=crash] .what');
    assert.match((await text.textContent()) ?? '', /^recognizer/);
    await until('it is back', WAIT_MS, async () => (await server.model('recognizer')).state === 'ready');
    await page.locator('.events li', { hasText: 'recognizer is ready' }).first().waitFor();
  });

  await t.test('saves what it shows, under the headers of the documents', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-group=cpu]').getByRole('button', { name: /^CSV/ }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    assert.equal(lines[0], 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw');
    const step = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}`;
    assert.ok(
      lines.length > 2 && lines.slice(1).every((line) => new RegExp(`^${step},[\\d.]*,\\d*,\\d*,,$`).test(line)),
      lines.slice(0, 4).join('\n'),
    );
  });

  await t.test('asks the API for what its schemas say', async () => {
    const history = await fetch(`${server.url}/v1/history?from=-5m&to=now&step=1&workers=true&events=true`);
    const { t: times, workers } = historyAnswerSchema.parse(await history.json());
    assert.ok(times.length > 2 && workers.some(({ name }) => name === 'recognizer'));
    const events = await fetch(`${server.url}/v1/events?format=json`);
    assert.ok(eventsAnswerSchema.parse(await events.json()).events.some(({ type }) => type === 'crash'));
  });

  await t.test('has no errors, and asked nobody but the server', () => {
    // The browser itself tells the answer 422 to the picture without a face.
    assert.deepEqual(
      errors.filter((text) => !/status of 422/.test(text)),
      [],
    );
    assert.deepEqual(foreign, []);
  });

  await t.test('fits a phone, in the dark', async () => {
    const phone = await openPage(browser, `${server.url}/#system`, { width: 360, height: 780, dark: true, scale: 2 });
    await phone.page.locator('.plot canvas').first().waitFor();
    for (const tab of ['System', 'Models', 'Detect']) {
      await phone.page.getByRole('tab', { name: tab }).click();
      await assertUsable(phone.page);
    }
    const ground = await phone.page
      .locator('body')
      .evaluate((body) => body.ownerDocument.defaultView.getComputedStyle(body).backgroundColor);
    assert.equal(ground, 'rgb(14, 17, 22)');
    assert.deepEqual([phone.errors, phone.foreign], [[], []]);
  });
});

it('outlives a restart of the server: says that it is gone, and shows what was before', { skip }, async (t) => {
  const dataDir = makeDataDir();
  const first = await startServer({ dataDir });
  const port = new URL(first.url).port;
  const browser = await startBrowser(t);
  const { page } = await openPage(browser, `${first.url}/#system`);
  await page.locator('.plot canvas').first().waitFor();
  first.kill('SIGTERM');
  await first.exited;
  await page.locator('#connection[data-state=lost]').waitFor();
  const second = await startServer({ dataDir, args: ['--port', port] });
  t.after(() => second.stop());
  await page.locator('#connection[data-state=live]').waitFor();
  const starts = page.locator('.events li[data-type=server_start]');
  await until('both starts are listed', WAIT_MS, async () => (await starts.count()) === 2);
});
