/** A version of a model replaced from the dashboard of a real server: refused where it is broken, tried, promoted, taken back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { facesAnswerSchema } from '../../src/contract/results.ts';
import { versionsAnswerSchema } from '../../src/contract/rollout.ts';
import { loadManifest, MANIFEST_FILE } from '../../src/models/manifest-file.ts';
import { assertUsable } from '../dashboard/support/audit.ts';
import { openPage, skipWithoutBrowser, startBrowser } from './support/browser.ts';
import { configured } from './support/config-file.ts';
import { facepool } from './support/process.ts';
import { DETECTOR_ALONE, makeDataDir, startServer, type TestServer } from './support/server.ts';
import { picturePath, skip as skipWithoutShared } from './support/shared.ts';
import { bundledDir, sha256, sharedWeights } from './support/swap-parts.ts';
import { until } from './support/until.ts';

const skip = skipWithoutBrowser === false ? skipWithoutShared : skipWithoutBrowser;
const WAIT_MS = 60_000;
/** Registering loads the model twice, and this machine may be busy. */
const STAGE_MS = 90_000;
const NEXT = 'yunet-next';

type Files = Readonly<Record<string, Uint8Array>>;

/** The files of the detector that came with the server, as another version; its weights as `change` makes them. */
async function filesOf(version: string, change = (bytes: Uint8Array) => bytes): Promise<Files> {
  const dir = bundledDir('detector');
  const bundled = await loadManifest(dir);
  const weights: Record<string, Uint8Array> = {};
  const graphs = bundled.graphs.map((graph) => {
    const bytes = change(readFileSync(sharedWeights(graph)));
    weights[graph.file] = bytes;
    return { ...graph, urls: [], sha256: sha256(bytes), bytes: bytes.length };
  });
  const manifest = stringify({ ...bundled, version, graphs });
  const copied = [bundled.licence.file, bundled.golden.file].map((name) => [name, readFileSync(path.join(dir, name))]);
  return { ...weights, [MANIFEST_FILE]: Buffer.from(manifest), ...Object.fromEntries(copied) };
}

/** As a person drops them, over the place for them. */
async function drop(page: Page, files: Files): Promise<void> {
  const given = Object.entries(files).map(([name, bytes]) => ({ name, data: Buffer.from(bytes).toString('base64') }));
  await page.locator('[data-versions=detector] .file-drop .drop').evaluate((place, all) => {
    const view = place.ownerDocument.defaultView;
    const dataTransfer = new view.DataTransfer();
    for (const { name, data } of all) {
      const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
      dataTransfer.items.add(new view.File([bytes], name));
    }
    place.dispatchEvent(new view.DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  }, given);
}

/** Which version answers. */
async function answering(server: TestServer): Promise<string | undefined> {
  const body = readFileSync(picturePath('photos/one_face.jpg'));
  const answer = await fetch(`${server.url}/v1/detect`, {
    method: 'POST',
    headers: { 'Content-Type': 'image/jpeg' },
    body,
  });
  const { faces, models } = facesAnswerSchema.parse(await answer.json());
  assert.equal(faces.length, 1);
  return models['detector']?.version;
}

it('replaces a version from the dashboard', { skip }, async (t) => {
  const dataDir = makeDataDir();
  const command = facepool(['keys', 'create', '--name', 'page', '--scope', 'admin', '--data-dir', dataDir]);
  assert.equal((await command.exited).code, 0);
  const key = command.stdout().trim();
  const server = await startServer({ ...configured({ admin: { http: true } }, dataDir), env: DETECTOR_ALONE });
  t.after(() => server.stop());
  const browser = await startBrowser(t);
  const { page, errors, foreign } = await openPage(browser, `${server.url}/#models`);
  const panel = page.locator('[data-versions=detector]');
  const trial = panel.locator('.trial');
  const versions = async () =>
    versionsAnswerSchema.parse(await (await fetch(`${server.url}/v1/models/detector/versions`)).json());
  await page.getByRole('button', { name: 'Versions of detector' }).click();
  await panel.locator('[data-version=yunet-n]').waitFor();

  await t.test('a broken file is refused with its reason, and the old version still serves', async () => {
    await drop(page, await filesOf('broken', (bytes) => bytes.subarray(0, bytes.length >> 1)));
    await panel.locator('.chosen li').nth(3).waitFor();
    assert.equal(await panel.getByLabel('Called').inputValue(), 'broken');
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await page.locator('#key-input').fill(key);
    await page.getByRole('button', { name: 'Use this key' }).click();
    const failed = panel.locator('.forms .steps [data-state=failed]');
    await failed.waitFor({ timeout: STAGE_MS });
    assert.match((await failed.textContent()) ?? '', /^✕ONNX graphs.*, failed, .*yunet.*\(model_failed\)$/);
    assert.equal(await panel.locator('.forms .steps [data-state=done]').count(), 2);
    assert.equal(await answering(server), 'yunet-n');
    assert.deepEqual(
      (await versions()).versions.map(({ version }) => version),
      ['yunet-n'],
    );
  });

  await t.test('a good one passes every check, and the default does not move', async () => {
    for (let left = await panel.locator('.chosen li').count(); left > 0; left -= 1)
      await panel.locator('.chosen button').first().click();
    await drop(page, await filesOf(NEXT));
    await panel.locator('.chosen li').nth(3).waitFor();
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await panel.getByText(`${NEXT} is registered. The default has not moved`).waitFor({ timeout: STAGE_MS });
    assert.equal(await panel.locator('.forms .steps [data-state=done]').count(), 6);
    assert.equal(await panel.getByRole('combobox', { name: 'New version' }).inputValue(), NEXT);
    assert.equal(await answering(server), 'yunet-n');
  });

  await t.test('it is tried on a share of the traffic, with the figures of both side by side', async () => {
    await panel.getByLabel('Canary').check();
    await panel.locator('.swap-form').getByRole('spinbutton').fill('50');
    await panel.getByLabel('Why (for the history)').fill('from the browser');
    await panel.getByRole('button', { name: 'Start the update' }).click();
    await trial.locator('.pill', { hasText: 'Live' }).waitFor({ timeout: WAIT_MS });
    const steps = await trial.locator('.steps .what').allTextContents();
    for (const step of ['Loads', 'Golden example', 'Is measured', 'Traffic moves'])
      assert.ok(steps.includes(step), step);
    // Shares are by request: each version gets some of forty.
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 40; i++) seen.add(await answering(server));
    assert.deepEqual(seen, new Set(['yunet-n', NEXT]));
    const row = trial.locator('.compare tr', { hasText: /^Requests/ });
    await until('both have figures', WAIT_MS, async () => {
      const counts = (await row.locator('td').allTextContents()).slice(0, 2).map(Number);
      return counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count) >= 40;
    });
    const p99 = await trial.locator('.compare tr', { hasText: /^p99/ }).locator('td').allTextContents();
    assert.ok(
      p99.slice(0, 2).every((text) => /^[\d.]+ m?s$/.test(text)),
      p99.join(),
    );
    await assertUsable(page);
  });

  await t.test('it is promoted, and taken back', async () => {
    await trial.getByRole('button', { name: `Promote ${NEXT}` }).click();
    await panel.locator('summary .pill', { hasText: `stable ${NEXT}` }).waitFor({ timeout: WAIT_MS });
    assert.equal(await answering(server), NEXT);
    await trial.locator('.pill', { hasText: 'Done' }).waitFor({ timeout: WAIT_MS });
    await panel.getByRole('button', { name: 'Roll back to yunet-n of detector' }).click();
    await panel.locator('summary .pill', { hasText: /stable yunet-n$/ }).waitFor({ timeout: WAIT_MS });
    assert.equal(await answering(server), 'yunet-n');
    await panel.locator('.history > summary').click();
    const history = await panel.locator('.changes').first().locator('li').allTextContents();
    assert.match(history[0] ?? '', /key \w+ went back to yunet-n/);
    assert.ok(
      history.some((line) => line.includes('50 % of the traffic to yunet-next · from the browser')),
      history.join('\n'),
    );
  });

  await t.test('nothing went wrong in the page, and nobody but the server was asked', async () => {
    await page.getByRole('tab', { name: 'System' }).click();
    assert.deepEqual([errors, foreign], [[], []]);
    assert.ok(!(await page.locator('html').innerHTML()).includes(key));
  });
});
