/** Versions and updates in a real browser, before the real HTTP layer with a rollout that the test moves. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Rollout } from '../../../src/contract/rollout.ts';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { looseKey, storeOf } from '../../fixtures/auth/keys.ts';
import { STAGED } from '../../http/support/changes.ts';
import { assertUsable, faintTexts } from '../support/audit.ts';
import { openTab } from '../support/open.ts';
import { madeUpRollout, type MadeUpRollout } from '../support/rollout.ts';
import type { MadeUpOptions } from '../support/server.ts';

const WAIT_MS = 20_000;
const MANIFEST =
  'schema: 1\nname: detector\nversion: yunet-3\nlicence: { file: LICENSE }\ngraphs:\n  - file: yunet-3.onnx\n';
const FILES = [
  { name: 'yunet-3.onnx', mimeType: 'application/octet-stream', buffer: Buffer.alloc(200_000) },
  { name: 'manifest.yaml', mimeType: 'text/yaml', buffer: Buffer.from(MANIFEST) },
  { name: 'LICENSE', mimeType: 'text/plain', buffer: Buffer.from('MIT') },
];

type Scene = {
  readonly page: Page;
  readonly panel: Locator;
  readonly rollout: MadeUpRollout;
  readonly errors: readonly string[];
};

type SceneOptions = Parameters<typeof openTab>[2] & { readonly key?: boolean; readonly rollout?: Partial<Rollout> };

/** The panel of the detector, open; with a key of an administrator already given unless `key` is false. */
async function scene(t: TestContext, options: SceneOptions = {}): Promise<Scene & { readonly token: string }> {
  const admin = looseKey({ scopes: ['admin'], name: 'anna' });
  const rollout = madeUpRollout();
  const changes = { ...rollout.changes, rollout: { ...rollout.changes.rollout, ...options.rollout } };
  const server: MadeUpOptions = { changes, adminHttp: true, keys: storeOf([admin.key]) };
  const { page, errors } = await openTab(t, 'models', { ...server, ...options });
  if (options.key !== false) {
    await page.locator('html').evaluate((root, token) => {
      root.ownerDocument.defaultView.sessionStorage.setItem('facepool.key', token);
    }, admin.token);
  }
  const panel = page.locator('[data-versions=detector]');
  await panel.locator('summary').first().click();
  await panel.locator('.version-list li').first().waitFor();
  return { page, panel, rollout, errors, token: admin.token };
}

async function startCanary({ panel, rollout }: Scene, percent = '12.5'): Promise<void> {
  await panel.getByLabel('Canary').check();
  await panel.locator('.swap-form').getByRole('spinbutton').fill(percent);
  await panel.getByRole('button', { name: 'Start the update' }).click();
  await panel.locator('.trial').getByText('In progress').waitFor();
  rollout.step('load', 95);
  rollout.finish('live');
  await panel.locator('.trial .pill', { hasText: 'Live' }).waitFor();
}

const said = (page: Page) => page.locator('#say').textContent();

describe('versions and updates', { skip: skipWithoutBrowser }, () => {
  it('lists every version with what it is called, does and is', async (t) => {
    const { panel } = await scene(t);
    const texts = await panel.locator('.version-list li').allTextContents();
    assert.equal(texts.length, 4);
    assert.match(
      texts[0] ?? '',
      /yunet-n.*stable.*● Ready.*Traffic100 %.*1180.*9\.4 ms.*17 ms.*148 MiB.*MIT.*came with/s,
    );
    assert.match(texts[1] ?? '', /yunet-m.*previous.*No process/s);
    assert.match(texts[3] ?? '', /yunet-0.*Cannot be used.*nothing is at "graphs"/s);
    assert.match(
      (await panel.locator('summary').first().textContent()) ?? '',
      /stable yunet-n4 versions, generation 3/,
    );
    await panel.locator('.history > summary').click();
    const changes = await panel.locator('.changes').first().locator('li').allTextContents();
    assert.match(changes[0] ?? '', /key anna made yunet-n stable · fewer misses in the darkgeneration 3/);
    assert.match(changes[1] ?? '', /the command line gave 12\.5 % of the traffic to yunet-n/);
  });

  it('is usable and readable in every state, light, dark and on a phone', async (t) => {
    for (const options of [{}, { width: 360, height: 780, dark: true }]) {
      const made = await scene(t, options);
      const { page, panel, rollout, errors } = made;
      const check = async (state: string) => {
        await assertUsable(page);
        assert.deepEqual(await faintTexts(page), [], `${state} ${JSON.stringify(options)}`);
      };
      await panel.locator('.history > summary').click();
      await check('idle');
      await startCanary(made);
      rollout.figures('yunet-2', { requests: 143, error_ratio: 0.0351, p50_ms: 9.9, p99_ms: 31.5 });
      await panel.locator('.compare .worse').first().waitFor();
      await check('canary');
      await panel.getByRole('button', { name: 'Roll back to yunet-n' }).click();
      await panel.locator('.trial .pill', { hasText: 'Rolled back' }).waitFor();
      await panel.locator('.register-form input[type=file]').setInputFiles(FILES);
      await panel.getByRole('button', { name: 'Check and register' }).click();
      await until('it is staged', WAIT_MS, () => rollout.staging());
      rollout.refuse(
        new FacepoolError('invalid_argument', 'yunet-3.onnx has another sha256', { param: 'yunet-3.onnx' }),
      );
      await panel.locator('.steps [data-state=failed]').waitFor();
      await check('refused');
      // The browser itself tells the refusal.
      assert.deepEqual(
        errors.filter((text) => !/status of 400/.test(text)),
        [],
      );
    }
  });

  it('begins a canary, shows its steps as they come and both versions side by side, and promotes it', async (t) => {
    const { page, panel, rollout } = await scene(t);
    await panel.getByLabel('Canary').check();
    await panel.locator('.swap-form').getByRole('slider').press('ArrowRight');
    assert.equal(await panel.locator('.swap-form').getByRole('spinbutton').inputValue(), '10.1');
    await panel.getByLabel('Why (for the history)').fill('more masks');
    await panel.getByRole('button', { name: 'Start the update' }).click();
    const trial = panel.locator('.trial');
    await trial.getByText('yunet-2 is being proven; yunet-n answers').waitFor();
    assert.deepEqual(rollout.orders, ['swap yunet-2 canary 10.1 generation 3']);
    rollout.step('start', 212);
    rollout.step('load', null);
    await trial.locator('.steps [data-state=running]', { hasText: 'Loads' }).waitFor();
    assert.match((await said(page)) ?? '', /Loads …$/);
    rollout.step('load', 95, 'holds 151 MB');
    await trial.locator('.steps [data-state=done]', { hasText: 'holds 151 MB95 ms' }).waitFor();
    rollout.finish('live');
    rollout.figures('yunet-2', { requests: 143, error_ratio: 0, p50_ms: 9.9, p99_ms: 18 });
    await trial.locator('.compare tr', { hasText: /^Requests1180143$/ }).waitFor();
    await trial.locator('.compare tr', { hasText: /^p50.*1\.05 ×$/ }).waitFor();
    assert.equal(await trial.locator('.split').getAttribute('aria-label'), 'yunet-n 89.9 %, yunet-2 10.1 %');
    assert.equal(await said(page), 'detector: yunet-2 answers 10.1 % of the traffic.');

    await trial.getByRole('spinbutton').fill('50');
    await trial.getByRole('button', { name: 'Change the share' }).click();
    await trial.getByText('yunet-2 answers 50 % of the traffic.').waitFor();
    await trial.getByRole('button', { name: 'Promote yunet-2' }).click();
    await panel.locator('summary .pill', { hasText: 'stable yunet-2' }).waitFor();
    await trial.getByText('yunet-2 is stable.').waitFor();
    assert.deepEqual(rollout.orders.slice(1), ['swap yunet-2 canary 50 generation 4', 'promote generation 5']);

    await panel.getByRole('button', { name: 'Roll back to yunet-n of detector' }).click();
    await panel.locator('summary .pill', { hasText: 'stable yunet-n' }).waitFor();
    assert.equal(rollout.orders.at(-1), 'rollback generation 6');
  });

  it('shows how the answers of a shadow differ', async (t) => {
    const { panel, rollout } = await scene(t);
    await panel.getByLabel('Shadow').check();
    await panel.locator('.swap-form').getByRole('spinbutton').fill('25');
    await panel.getByRole('button', { name: 'Start the update' }).click();
    await panel.getByRole('button', { name: 'Stop this update' }).waitFor();
    rollout.finish('live');
    const none = { min_cosine: null, max_quality_drift: null, flips: null };
    rollout.set({
      drift: { ...none, compared: 412, differing: 9, dropped: 31, failed: 0, mean_iou: 0.962, count_difference: 0 },
    });
    await panel.locator('.drift', { hasText: 'Differing9 (2.2 %)' }).waitFor();
    assert.match((await panel.locator('.drift').textContent()) ?? '', /IoU 0\.962 on average/);
    assert.equal(await panel.locator('.split').isVisible(), false, 'it answers nobody');
    // By itself, after a minute of drift.
    rollout.finish('rolled_back', '6.1 % of 412 compared answers differ from the old version’s');
    await panel.getByText('yunet-2 was taken back: 6.1 % of 412 compared answers differ').first().waitFor();
  });

  it('says that a version was refused, why, and that the old one serves', async (t) => {
    const { page, panel, rollout } = await scene(t);
    await panel.getByRole('button', { name: 'Start the update' }).click();
    await panel.locator('.trial .pill', { hasText: 'In progress' }).waitFor();
    rollout.step('load', 40, 'failed');
    rollout.finish('failed', 'the golden probe did not pass');
    await panel.locator('.trial .steps [data-state=failed]', { hasText: 'Loads' }).waitFor();
    assert.equal(
      await panel.locator('.trial .where').textContent(),
      'yunet-2 was refused: the golden probe did not pass. yunet-n still serves.',
    );
    assert.match((await said(page)) ?? '', /yunet-n still serves/);
  });

  it('stops where somebody else was quicker, says so, and shows what is now', async (t) => {
    // Between the page's last look and its order; before that, the page would have seen it.
    const late: { rollout: MadeUpRollout | null } = { rollout: null };
    const swap: Rollout['swap'] = async (...order) => {
      assert.ok(late.rollout !== null);
      late.rollout.set({ generation: 9, stable: 'yunet-m' });
      return late.rollout.changes.rollout.swap(...order);
    };
    const { panel, rollout } = await scene(t, { rollout: { swap } });
    late.rollout = rollout;
    await panel.getByRole('button', { name: 'Start the update' }).click();
    const note = panel.locator('.note[data-tone=error]').first();
    await note.waitFor();
    assert.match(
      (await note.textContent()) ?? '',
      /^Nothing was done: Conflict: the aliases are at generation 9, not 3: .* \(conflict\) Now yunet-m is stable \(generation 9/,
    );
    await panel.locator('summary', { hasText: 'generation 9' }).waitFor();
  });

  it('goes back while a promotion still waits for the last requests', async (t) => {
    const made = await scene(t, { rollout: { promote: () => new Promise(() => {}) } });
    const { panel, rollout } = made;
    await startCanary(made);
    await panel.getByRole('button', { name: 'Promote yunet-2' }).click();
    await panel.getByText('Promoting yunet-2 …').waitFor();
    assert.equal(await panel.locator('.trial [data-do=share]').getAttribute('aria-disabled'), 'true');
    await panel.getByRole('button', { name: 'Roll back to yunet-n' }).click();
    await panel.locator('.trial .pill', { hasText: 'Rolled back' }).waitFor();
    assert.equal(rollout.orders.at(-1), 'rollback generation 4');
  });

  it('says while the server cannot be read, and takes that back', async (t) => {
    let isLost = false;
    const real = madeUpRollout().changes.rollout;
    const { panel } = await scene(t, {
      rollout: {
        versions: async (model) => {
          if (isLost) throw new FacepoolError('model_failed', 'the versions cannot be read');
          return real.versions(model);
        },
      },
    });
    isLost = true;
    const note = panel.locator('.note', { hasText: 'Model failed: the versions cannot be read (model_failed)' });
    await note.waitFor();
    assert.equal(await panel.locator('[data-version=yunet-n]').isVisible(), true, 'what was known stays');
    isLost = false;
    await until('the note is gone', WAIT_MS, async () => (await note.count()) === 0);
  });

  it('registers a version and shows each check as it passes', async (t) => {
    const { page, panel, rollout } = await scene(t);
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await panel.getByText('Choose the files of the version first.').waitFor();
    await panel.locator('.register-form input[type=file]').setInputFiles(FILES.slice(0, 2));
    await panel.getByText('The manifest names what is not chosen yet: LICENSE.').waitFor();
    await panel.locator('.register-form input[type=file]').setInputFiles(FILES.slice(2));
    assert.equal(await panel.getByLabel('Called').inputValue(), 'yunet-3');
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await until('it is staged', WAIT_MS, () => rollout.orders.length > 0);
    assert.deepEqual(rollout.orders, ['register yunet-3: LICENSE, yunet-3.onnx']);
    const checks = panel.locator('.forms .steps li');
    rollout.checked('check', 2);
    rollout.checked('receive', 14, '195 KiB');
    rollout.checked('inspect', null);
    await checks.nth(2).and(panel.locator('[data-state=running]')).waitFor();
    assert.match((await checks.nth(1).textContent()) ?? '', /sha256, passed, 195 KiB14 ms/);
    for (const step of ['inspect', 'import', 'prove', 'register'] as const) rollout.checked(step, 20);
    rollout.accept({ ...STAGED, version: 'yunet-3' });
    await panel.getByText('yunet-3 is registered. The default has not moved').waitFor();
    assert.equal(await panel.locator('.forms .steps [data-state=done]').count(), 6);
    await panel.locator('[data-version=yunet-3]').waitFor();
    assert.equal(
      await panel.getByRole('combobox', { name: 'New version' }).inputValue(),
      'yunet-3',
      'is what one wants next',
    );
    assert.match((await said(page)) ?? '', /is registered/);
  });

  it('shows at which check a version was refused, in the words of the API', async (t) => {
    const { panel, rollout } = await scene(t);
    await panel.locator('.register-form input[type=file]').setInputFiles(FILES);
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await until('it is staged', WAIT_MS, () => rollout.orders.length > 0);
    rollout.checked('check', 2);
    rollout.checked('receive', 14);
    rollout.checked('inspect', null);
    rollout.refuse(new FacepoolError('model_failed', 'yunet-3.onnx: there is no output "cls_8"'));
    const failed = panel.locator('.forms .steps [data-state=failed]');
    await failed.waitFor();
    assert.match(
      (await failed.textContent()) ?? '',
      /^✕ONNX graphs.*Model failed: .*no output "cls_8" \(model_failed\)$/,
    );
    assert.equal(await panel.locator('.forms .steps [data-state=skipped]').count(), 3);
    await panel.getByText('Not registered. Model failed').waitFor();
    assert.equal(await panel.getByLabel('Called').inputValue(), 'yunet-3', 'to be mended and tried again');
  });

  it('gives up an upload, and removes what was registered once it is confirmed', async (t) => {
    const { page, panel, rollout } = await scene(t);
    await panel.locator('.register-form input[type=file]').setInputFiles(FILES);
    await panel.getByRole('button', { name: 'Check and register' }).click();
    await until('it is staged', WAIT_MS, () => rollout.staging());
    await panel.getByRole('button', { name: 'Give up' }).click();
    await panel.getByText('Given up. Nothing was registered.').waitFor();

    await panel.getByRole('button', { name: 'Remove yunet-2 of detector' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await panel.getByRole('button', { name: 'Remove yunet-2 of detector' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await panel.getByText('yunet-2 is removed.').waitFor();
    await panel.locator('[data-version=yunet-2]').waitFor({ state: 'detached' });
    assert.equal(rollout.orders.filter((order) => order.startsWith('remove')).length, 1);
  });

  it('takes the files of a folder that is dropped', async (t) => {
    const { page, panel } = await scene(t);
    await page.locator('html').evaluate((root) => {
      const view = root.ownerDocument.defaultView;
      const file = (name: string) => ({
        isFile: true,
        isDirectory: false,
        file: (resolve: (file: unknown) => void) => resolve(new view.File(['version: v7'], name)),
      });
      const batches = [[file('manifest.yaml')], [file('a.onnx'), { isFile: false, isDirectory: true }], []];
      const folder = {
        isFile: false,
        isDirectory: true,
        createReader: () => ({ readEntries: (resolve: (batch: unknown) => void) => resolve(batches.shift()) }),
      };
      const event = new view.Event('drop', { bubbles: true, cancelable: true });
      event.dataTransfer = { files: [], items: [{ webkitGetAsEntry: () => folder }] };
      root.querySelector('.file-drop .drop').dispatchEvent(event);
    });
    await panel.locator('.chosen li').nth(1).waitFor();
    assert.deepEqual(await panel.locator('.chosen .name').allTextContents(), ['manifest.yaml', 'a.onnx']);
    assert.equal(await panel.getByLabel('Called').inputValue(), 'v7');
    await panel.getByRole('button', { name: 'Leave out a.onnx' }).click();
    assert.equal(await panel.locator('.chosen li').count(), 1);
  });

  it('asks for the key of an administrator when something is to be changed', async (t) => {
    const { page, panel, rollout, token } = await scene(t, { key: false });
    await panel.getByRole('button', { name: 'Start the update' }).click();
    await page.getByText('Changing versions needs a key of the scope admin.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await panel.locator('.note', { hasText: 'unauthorized' }).waitFor();
    assert.deepEqual(rollout.orders, []);
    await panel.getByRole('button', { name: 'Start the update' }).click();
    await page.locator('#key-input').fill(token);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await panel.locator('.trial').waitFor();
    assert.equal(rollout.orders.length, 1);
    assert.ok(!page.url().includes(token));
  });

  it('is looked at only where the admin side is off, and says so', async (t) => {
    const { page, panel, rollout } = await scene(t, { adminHttp: false, key: false });
    await page.getByText('This page only shows them: admin.http is off').waitFor();
    assert.equal(await panel.getByRole('button').count(), 0);
    rollout.set({ canary: { version: 'yunet-2', percent: 5 } });
    await panel.locator('summary .pill', { hasText: 'canary yunet-2 5 %' }).waitFor();
  });

  it('is worked with the keyboard alone', async (t) => {
    const { page, panel, rollout } = await scene(t);
    await page.getByRole('button', { name: 'Versions of detector' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator(':focus').locator('h3').textContent(), 'detector', 'from the card to the panel');
    await panel.getByRole('button', { name: 'Update to yunet-2 of detector' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(
      await panel
        .getByRole('combobox', { name: 'New version' })
        .evaluate((select) => select === select.ownerDocument.activeElement),
      true,
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    assert.equal(await panel.getByLabel('Canary').isChecked(), true);
    await panel.getByRole('button', { name: 'Start the update' }).press('Enter');
    await panel.locator('.trial').waitFor();
    assert.deepEqual(rollout.orders, ['swap yunet-2 canary 10 generation 3']);
  });

  it('leaves the keyboard where it was, or close by, when a button goes', async (t) => {
    const { page, panel, rollout } = await scene(t);
    const focused = () => page.locator(':focus');
    await panel.locator('.register-form input[type=file]').setInputFiles(FILES);
    const send = panel.getByRole('button', { name: 'Check and register' });
    await send.press('Enter');
    await until('it is staged', WAIT_MS, () => rollout.staging());
    await page.keyboard.press('Tab');
    assert.equal(await focused().textContent(), 'Give up');
    await page.keyboard.press('Enter');
    await panel.getByText('Given up. Nothing was registered.').waitFor();
    assert.equal(await focused().textContent(), 'Check and register');

    await until('the server has given up as well', WAIT_MS, () => !rollout.staging());
    await page.keyboard.press('Enter');
    await until('it is staged again', WAIT_MS, () => rollout.staging());
    rollout.checked('check', null);
    rollout.refuse(new FacepoolError('model_failed', 'it is no ONNX model'));
    await panel.getByText('Not registered. Model failed').waitFor();
    assert.equal(await focused().textContent(), 'Check and register', 'a refused file is mended and tried again');

    await panel.getByRole('button', { name: 'Remove yunet-2 of detector' }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
    await panel.locator('[data-version=yunet-2]').waitFor({ state: 'detached' });
    assert.equal(await focused().locator('h3').textContent(), 'detector');
  });

  it('leaves the keyboard in the panel when a trial is over', async (t) => {
    const made = await scene(t);
    const { page, panel, rollout } = made;
    await startCanary(made);
    await panel.locator('.trial').getByRole('button', { name: 'Roll back to' }).press('Enter');
    await until('it went back', WAIT_MS, () => rollout.orders.some((order) => order.startsWith('rollback')));
    await panel.locator('.trial .controls').waitFor({ state: 'hidden' });
    assert.equal(await page.locator(':focus').locator('h3').textContent(), 'detector');
  });
});
