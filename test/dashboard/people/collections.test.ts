/** Collections whose deletion takes its time, in a real browser with people in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { ERROR_CATALOGUE, FacepoolError } from '../../../src/contract/errors.ts';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { assertUsable, faintTexts } from '../support/audit.ts';
import { breakNext, type Broken } from '../support/broken-answers.ts';
import { madeUpPeople } from '../support/people.ts';
import { file, said, scene, type SceneOptions, someone, unexpected, WAIT_MS } from '../support/people-scene.ts';

type TestContext = Parameters<typeof scene>[0];

/** The collection `visitors`, chosen. */
async function visitors(t: TestContext, options: SceneOptions = {}) {
  const made = someone(madeUpPeople());
  made.put('visitors', 'Guest');
  const all = await scene(t, { made, ...options });
  await all.panel.locator('#people-collection option[value=visitors]').waitFor({ state: 'attached' });
  await all.panel.getByLabel('Collection', { exact: true }).selectOption('visitors');
  await all.panel.locator('[data-open=Guest]').waitFor();
  return all;
}

/** The same, with a deletion that has no answer until `failNow`. */
async function failing(t: TestContext, broken: Broken) {
  const all = await visitors(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = all.page.waitForRequest((request) => request.method() === 'DELETE');
  await breakNext(all.page, 'DELETE', '/visitors', { ...broken, until: promise });
  await remove(all.page, all.panel);
  await asked;
  await all.panel.locator('[data-open=Bert]').waitFor();
  return { ...all, failNow: resolve };
}

const NOT_SURE = 'Whether it is deleted is not sure: it is in this list for as long as it is there.';
const remove = async (page: Page, panel: Locator) => {
  await panel.getByRole('button', { name: 'Delete this collection' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the collection' }).click();
};
const options = (panel: Locator) =>
  panel
    .locator('#people-collection option')
    .evaluateAll((all) => all.map(({ text, disabled }) => `${text}${disabled ? ' (disabled)' : ''}`));
/** A tab is read at once when it is turned to. */
const lookAgain = async (page: Page) => {
  for (const tab of ['Detect', 'People']) await page.getByRole('tab', { name: tab }).click();
};
const note = (panel: Locator) => panel.locator('.collections > .note');
const line = (panel: Locator) => panel.locator('.collections .erasing');

describe('a collection whose deletion goes on', { skip: skipWithoutBrowser }, () => {
  it('is told as being erased, cannot be chosen, and goes by itself', async (t) => {
    const { page, panel, made, errors } = await visitors(t);
    made.delete('late');
    await remove(page, panel);
    const accepted = 'Nobody of the collection visitors is known any more. What it had on the disk is being erased.';
    await note(panel).getByText(accepted).waitFor();
    assert.equal(await said(page), accepted);
    await panel.locator('[data-open=Bert]').waitFor();
    const select = panel.getByLabel('Collection', { exact: true });
    assert.equal(await select.inputValue(), 'default');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'people-collection');
    assert.deepEqual(await options(panel), ['default', 'visitors – being erased (disabled)']);
    await line(panel).getByText('visitors is being erased from the disk.').waitFor();
    // It stays so for as long as the server says so.
    await lookAgain(page);
    await panel.locator('[data-open=Bert]').waitFor();
    assert.equal(await line(panel).isVisible(), true);

    made.set({ erasing: 0 });
    const erased = 'The deleted collection visitors is erased: nothing of it is left on the disk.';
    await note(panel).getByText(erased).waitFor();
    assert.equal(await said(page), erased);
    assert.equal(await line(panel).isVisible(), false);
    assert.deepEqual(await options(panel), ['default']);
    assert.deepEqual(unexpected(errors), []);
  });

  it('is not offered while its deletion has no answer yet, and then told as deleted', async (t) => {
    const { page, panel, made } = await visitors(t, { limits: { timeout_ms: 300_000, max_timeout_ms: 300_000 } });
    made.delete('wait');
    await remove(page, panel);
    await until('it is being deleted', WAIT_MS, () => made.waiting() === 1);
    await lookAgain(page);
    await panel.locator('[data-open=Bert]').waitFor();
    assert.equal(await note(panel).textContent(), 'The collection visitors is being deleted …');
    assert.deepEqual(await options(panel), ['default', 'visitors – being erased (disabled)']);
    made.release();
    await note(panel).getByText('The collection visitors is deleted.').waitFor();
    assert.deepEqual(await options(panel), ['default']);
    assert.equal(await line(panel).isVisible(), false);
  });

  it('leaves its name free: one that is made anew is another', async (t) => {
    const { page, panel, made } = await visitors(t);
    made.delete('late');
    await remove(page, panel);
    // Answered: the name is free.
    await note(panel).getByText('What it had on the disk is being erased.').waitFor();
    await panel.getByRole('button', { name: 'New collection' }).click();
    await panel.getByLabel('Called').fill('visitors');
    await panel.getByRole('button', { name: 'Create it' }).click();
    await note(panel).getByText('The collection visitors is made.').waitFor();
    await panel.getByText('Nobody is enrolled here yet.').waitFor();
    assert.equal(await panel.getByLabel('Collection', { exact: true }).inputValue(), 'visitors');
    assert.deepEqual(await options(panel), ['default', 'visitors', 'visitors – being erased (disabled)']);
    made.set({ erasing: 0 });
    await lookAgain(page);
    await until('the old one is gone', WAIT_MS, async () => (await options(panel)).length === 2);
    assert.deepEqual(await options(panel), ['default', 'visitors']);
    assert.equal(await panel.getByLabel('Collection', { exact: true }).inputValue(), 'visitors');
  });

  it('is there again where it is refused', async (t) => {
    const { page, panel, made } = await visitors(t);
    await panel.getByRole('button', { name: 'Delete this collection' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    made.fail(new FacepoolError('rate_limited', 'Later.'));
    await dialog.getByRole('button', { name: 'Delete the collection' }).click();
    await note(panel).getByText('Nothing was deleted. Too many requests: Later. (rate_limited)').waitFor();
    made.fail(null);
    assert.equal(await panel.getByLabel('Collection', { exact: true }).inputValue(), 'visitors');
    await panel.locator('[data-open=Guest]').waitFor();
    assert.deepEqual(await options(panel), ['default', 'visitors']);
  });

  it('is there again, but perhaps not for long, where the server failed', async (t) => {
    for (const as of ['storage_full', 'internal'] as const) {
      const { page, panel } = await visitors(t);
      await breakNext(page, 'DELETE', '/visitors', { as });
      await remove(page, panel);
      await note(panel).getByText(`${NOT_SURE} ${ERROR_CATALOGUE[as].title}: made up (${as})`).waitFor();
      await panel.locator('[data-open=Guest]').waitFor();
      assert.deepEqual(await options(panel), ['default', 'visitors']);
    }
  });

  it('is not gone back to by who is at something else when its deletion fails', async (t) => {
    const { page, panel, failNow } = await failing(t, { as: 'deadline_exceeded' });
    await panel.locator('[data-open=Bert]').click();
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.getByLabel('Name of the field').fill('room');
    failNow();
    await note(panel).getByText(`${NOT_SURE} Deadline exceeded: made up`).waitFor();
    assert.equal(await panel.getByLabel('Name of the field').inputValue(), 'room');
    assert.equal(await panel.getByRole('heading', { name: 'Bert', exact: true }).isVisible(), true);
    assert.equal(await panel.getByLabel('Collection', { exact: true }).inputValue(), 'default');
    assert.equal(await said(page), await note(panel).textContent());
    assert.deepEqual(await options(panel), ['default', 'visitors']);
  });

  it('does not get the pictures that were prepared for another one', async (t) => {
    const { panel, made, failNow } = await failing(t, { as: 'people_unavailable' });
    await panel.locator('#people-files').setInputFiles([file('1.png')]);
    await panel.getByText('1 picture: who is it?').waitFor();
    failNow();
    await note(panel).getByText(`${NOT_SURE} People cannot be asked`).waitFor();
    await panel.getByLabel('Name of the person').fill('Ina');
    await panel.getByRole('button', { name: 'Add 1 picture' }).click();
    await until('it is enrolled', WAIT_MS, () => made.changes.length === 1);
    assert.deepEqual(made.changes, ['enrol default/Ina']);
  });

  it('is not gone back to by who chose another one on purpose', async (t) => {
    const { page, panel, made, failNow } = await failing(t, { as: 'lost' });
    made.put('others', 'Otto');
    await lookAgain(page);
    const select = panel.getByLabel('Collection', { exact: true });
    await panel.locator('#people-collection option[value=others]').waitFor({ state: 'attached' });
    await select.selectOption('others');
    await panel.locator('[data-open=Otto]').waitFor();
    await select.selectOption('default');
    await panel.locator('[data-open=Bert]').waitFor();
    failNow();
    await note(panel).getByText(`${NOT_SURE} No connection`).waitFor();
    assert.equal(await select.inputValue(), 'default');
  });

  it('is counted where somebody else deleted it, also the one that is looked at', async (t) => {
    const { page, panel, made, errors } = await visitors(t);
    made.delete('late');
    await made.people.deleteCollection('visitors').catch(() => undefined);
    await lookAgain(page);
    await note(panel).getByText('The collection visitors is not there any more: this is default.').waitFor();
    await panel.locator('[data-open=Bert]').waitFor();
    await line(panel).getByText('1 deleted collection is being erased from the disk.').waitFor();
    assert.deepEqual(await options(panel), ['default', '1 deleted collection – being erased (disabled)']);
    await assertUsable(page);
    made.set({ erasing: 0 });
    await lookAgain(page);
    await line(panel).waitFor({ state: 'hidden' });
    assert.deepEqual(await options(panel), ['default']);
    assert.deepEqual(unexpected(errors), []);
  });

  it('is told so that everybody can read it, light, dark and on a phone', async (t) => {
    for (const look of [{}, { width: 360, height: 780, dark: true }]) {
      const { page, panel, made } = await visitors(t, look);
      const long = 'w'.repeat(64);
      made.put(long, 'Guest');
      await lookAgain(page);
      await panel.locator(`#people-collection option[value=${long}]`).waitFor({ state: 'attached' });
      await panel.getByLabel('Collection', { exact: true }).selectOption(long);
      made.delete('late');
      made.set({ erasing: 1 });
      await remove(page, panel);
      await line(panel).getByText('1 more deleted collection are being erased').waitFor();
      await assertUsable(page);
      assert.deepEqual(await faintTexts(page), [], JSON.stringify(look));
    }
  });
});
