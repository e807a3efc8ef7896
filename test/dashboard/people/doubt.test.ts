/** Changes of a person that have no sure answer, in a real browser: they may have been made, and nobody else is blamed for them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { breakNext } from '../support/broken-answers.ts';
import { said, type Scene, scene, WAIT_MS } from '../support/people-scene.ts';

type TestContext = Parameters<typeof scene>[0];

const ANNA = '/subjects/Anna Müller';
const AFTER_ALL = 'what you asked for before was done after all, or somebody else renamed or deleted this person.';

async function opened(t: TestContext, name: string): Promise<Scene> {
  const all = await scene(t);
  await all.panel.locator(`[data-open="${name}"]`).click();
  await all.panel.locator('.stored-faces li').first().waitFor();
  return all;
}

const note = (panel: Locator) => panel.locator('.subject > .note');
const remove = async (page: Page, panel: Locator) => {
  await panel.getByRole('button', { name: 'Delete this person' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete this person' }).click();
};
const value = (panel: Locator) => panel.locator('.field-row').first().locator('input[aria-label=Value]');
const save = (panel: Locator) => panel.getByRole('button', { name: 'Save the fields' }).click();

describe('a change without a sure answer', { skip: skipWithoutBrowser }, () => {
  it('is a deletion that was done: nobody else is blamed, and the list knows it', async (t) => {
    const { page, panel, made } = await opened(t, 'Bert');
    await breakNext(page, 'DELETE', '/subjects/Bert', { as: 'lost', done: true });
    await remove(page, panel);
    const told = `Whether Bert was deleted is not sure. Bert is not there any more: ${AFTER_ALL}`;
    await note(panel).getByText(told).waitFor();
    assert.deepEqual(made.changes, ['delete default/Bert']);
    await panel.locator('[data-open=Bert]').waitFor({ state: 'detached' });
    // Another try reads the person first; one that comes before the first has ended is not heard.
    let read = 0;
    page.on('response', (response) => {
      if (response.request().method() === 'GET' && response.url().endsWith('/subjects/Bert')) read += 1;
    });
    await until('it is looked for again and again', WAIT_MS, async () => {
      await panel.getByRole('button', { name: 'Delete this person' }).click();
      return read >= 3;
    });
    assert.doesNotMatch((await note(panel).textContent()) ?? '', /any more: somebody|Nothing was/);
  });

  it('is a deletion that was not done: it can be asked for again', async (t) => {
    const { page, panel, made } = await opened(t, 'Bert');
    await breakNext(page, 'DELETE', '/subjects/Bert', { as: 'people_unavailable' });
    await remove(page, panel);
    const told =
      'Whether Bert was deleted is not sure. People cannot be asked for now: made up (people_unavailable) What you see is fresh. All that is shown here is as it was.';
    await note(panel).getByText(told).waitFor();
    assert.equal(await said(page), told);
    await remove(page, panel);
    await panel.locator('[data-open=Bert]').waitFor({ state: 'detached' });
    assert.deepEqual(made.changes, ['delete default/Bert']);
  });

  it('is one of the fields: what is so now is read, here and in the list', async (t) => {
    const { page, panel } = await opened(t, 'Anna Müller');
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await value(panel).fill('18');
    await breakNext(page, 'PATCH', ANNA, { as: 'deadline_exceeded', done: true });
    await save(panel);
    await note(panel).getByText('Whether Anna Müller was changed is not sure. Deadline exceeded: made up').waitFor();
    await note(panel).getByText('What you see is fresh. “employee” is 18, was 17.').waitFor();
    assert.equal(await value(panel).inputValue(), '18');
    const row = panel.locator('.subjects tr', { has: page.locator('[data-open="Anna Müller"]') });
    await until('the list shows it', WAIT_MS, async () =>
      /18/.test((await row.locator('.fields').textContent()) ?? ''),
    );
    await save(panel);
    await panel.getByText('The fields are saved.').waitFor();
  });

  it('is one that comes after it was looked for: that it may be ours is told', async (t) => {
    const { page, panel, made } = await opened(t, 'Anna Müller');
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await value(panel).fill('18');
    await breakNext(page, 'PATCH', ANNA, { as: 'deadline_exceeded' });
    await save(panel);
    await note(panel).getByText('What you see is fresh. All that is shown here is as it was.').waitFor();
    await made.people.changeSubject('default', 'Anna Müller', { metadata: { employee: 18 }, merge: false });
    await value(panel).fill('19');
    await save(panel);
    const told =
      'Anna Müller was changed meanwhile, by what you asked for before or by somebody else. “employee” is 18';
    await note(panel).getByText(told).waitFor();
    await save(panel);
    await panel.getByText('The fields are saved.').waitFor();
    // Nothing is in doubt any more.
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await made.people.changeSubject('default', 'Anna Müller', { metadata: { employee: 20 }, merge: false });
    await save(panel);
    await note(panel).getByText('Nothing was changed. Somebody changed Anna Müller meanwhile.').waitFor();
  });

  it('is a name that was given: the old one is not there', async (t) => {
    const { page, panel, made } = await opened(t, 'Anna Müller');
    await panel.getByLabel('Name', { exact: true }).fill('Anna Schmidt');
    await breakNext(page, 'PATCH', ANNA, { as: 'deadline_exceeded', done: true });
    await panel.getByRole('button', { name: 'Rename' }).click();
    const told = `Whether Anna Müller was changed is not sure. Anna Müller is not there any more: ${AFTER_ALL}`;
    await note(panel).getByText(told).waitFor();
    assert.deepEqual(made.changes, ['rename default/Anna Müller Anna Schmidt']);
    await panel.locator('[data-open="Anna Schmidt"]').waitFor({ state: 'attached' });
  });

  it('is a merge; but not where only the other one could not be read', async (t) => {
    const { page, panel, made } = await opened(t, 'Anna Müller');
    await panel.getByLabel('Is the same person as').fill('Bert');
    const merge = panel.getByRole('button', { name: 'Merge into that one …' });
    await breakNext(page, 'GET', '/subjects/Bert', { as: 'deadline_exceeded' });
    await merge.click();
    await note(panel).getByText('Nobody was merged. Deadline exceeded: made up (deadline_exceeded)').waitFor();
    await breakNext(page, 'PATCH', ANNA, { as: 'lost', done: true });
    await merge.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
    await note(panel).getByText(`Whether Anna Müller was merged is not sure. Anna Müller is not there`).waitFor();
    assert.deepEqual(made.changes, ['merge default/Anna Müller Bert']);
  });

  it('is the deletion of a face: the faces are read again', async (t) => {
    const { page, panel, made } = await opened(t, 'Bert');
    const [, second] = (await made.people.faces('default', { limit: 9, cursor: null, subject: 'Bert' })).faces;
    assert.ok(second);
    await breakNext(page, 'DELETE', `/faces/${second.face_id}`, { as: 'internal', done: true });
    await panel.getByRole('button', { name: 'Delete face 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the face' }).click();
    await note(panel).getByText('Whether face 2 of Bert was deleted is not sure. Internal error: made up').waitFor();
    await until('one is left', WAIT_MS, async () => (await panel.locator('.stored-faces li').count()) === 1);
    assert.deepEqual(made.changes, ['delete face of default/Bert']);
  });

  it('is told where somebody else is looked at by now', async (t) => {
    const { page, panel } = await opened(t, 'Bert');
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = page.waitForRequest((request) => request.method() === 'DELETE');
    await breakNext(page, 'DELETE', '/subjects/Bert', { as: 'lost', until: promise });
    await remove(page, panel);
    await asked;
    await panel.getByRole('button', { name: '← All people' }).click();
    await panel.locator('[data-open="Anna Müller"]').click();
    await panel.getByRole('heading', { name: 'Anna Müller', exact: true }).waitFor();
    resolve();
    const told = 'Whether Bert was deleted is not sure. No connection: The server does not answer. (unreachable)';
    await until('it is told', WAIT_MS, async () => (await said(page)) === told);
    assert.equal(await note(panel).isVisible(), false);
  });
});
