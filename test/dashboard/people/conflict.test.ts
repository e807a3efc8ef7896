/** Two administrators at the same person, in a real browser: neither overwrites the other, and nothing that was typed is lost. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Metadata } from '../../../src/contract/metadata.ts';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { assertUsable, faintTexts } from '../support/audit.ts';
import type { MadeUpPeople } from '../support/people.ts';
import { said, type Scene, type SceneOptions, scene, unexpected } from '../support/people-scene.ts';

type TestContext = Parameters<typeof scene>[0];

const somebodyElse = (made: MadeUpPeople, name: string, metadata: Metadata) =>
  made.people.changeSubject('default', name, { metadata, merge: false });

/** Anna with one field, opened and read. */
async function openAnna(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const all = await scene(t, options);
  await all.panel.locator('[data-open="Anna Müller"]').click();
  await all.panel.locator('.stored-faces li').waitFor();
  return all;
}

const note = (panel: Locator) => panel.locator('.subject > .note');
const values = (panel: Locator) =>
  panel
    .locator('.field-row')
    .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('input')].map(({ value }) => value).join('=')));
const addField = async (panel: Locator, name: string, value: string) => {
  await panel.getByRole('button', { name: 'One more field' }).click();
  const row = panel.locator('.field-row').last();
  await row.getByLabel('Name of the field').fill(name);
  await row.locator('input[aria-label=Value]').fill(value);
};
const check = async (page: Page, state: string) => {
  await assertUsable(page);
  assert.deepEqual(await faintTexts(page), [], state);
};

describe('somebody who changes the same person', { skip: skipWithoutBrowser }, () => {
  it('is not overwritten: both see what the other saved, and what was typed is kept', async (t) => {
    const { page, panel, made, errors } = await openAnna(t);
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.locator('.field-row').first().locator('input[aria-label=Value]').fill('18');
    await addField(panel, 'room', '4');
    await somebodyElse(made, 'Anna Müller', { employee: 17, team: 'Blue' });
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await note(panel).getByText('Nothing was changed. Somebody changed Anna Müller meanwhile.').waitFor();
    const told = await note(panel).textContent();
    assert.match(told ?? '', /“team” is new: “Blue”\. What you see is fresh, and what you typed is still there/);
    assert.equal(await said(page), told);
    const moved = panel.getByRole('group', { name: 'Changed meanwhile' });
    await moved.getByText('“team” is new: “Blue”. What you typed is kept').waitFor();
    assert.deepEqual(await values(panel), ['employee=18', 'room=4']);
    assert.deepEqual((await made.people.subject('default', 'Anna Müller')).metadata, { employee: 17, team: 'Blue' });

    await moved.getByRole('button', { name: 'Add these to what I typed' }).click();
    assert.deepEqual(await values(panel), ['employee=18', 'room=4', 'team=Blue']);
    assert.equal(await moved.isVisible(), false);
    assert.equal(await page.locator(':focus').getAttribute('aria-label'), 'Name of the field');
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('The fields are saved.').waitFor();
    const { metadata } = await made.people.subject('default', 'Anna Müller');
    assert.deepEqual(metadata, { employee: 18, room: '4', team: 'Blue' });
    assert.equal(await panel.getByRole('button', { name: 'Change fields' }).isVisible(), true);
    const sent = made.tags.filter((tag) => tag !== undefined);
    assert.equal(new Set(sent).size, 2, 'the state that was shown, then the one that was read again');
    assert.deepEqual(unexpected(errors), []);
  });

  it('is overwritten by who saves again after that', async (t) => {
    const { panel, made } = await openAnna(t);
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.locator('.field-row').first().locator('input[aria-label=Value]').fill('18');
    await somebodyElse(made, 'Anna Müller', { employee: 19 });
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await note(panel).getByText('“employee” is 19, was 17.').waitFor();
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('The fields are saved.').waitFor();
    assert.deepEqual((await made.people.subject('default', 'Anna Müller')).metadata, { employee: 18 });
  });

  it('is told while the form is open, where the page reads them anyway', async (t) => {
    const { page, panel, made } = await openAnna(t);
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.locator('.field-row').first().locator('input[aria-label=Value]').fill('18');
    await somebodyElse(made, 'Anna Müller', { employee: 19 });
    for (const tab of ['Detect', 'People']) await page.getByRole('tab', { name: tab }).click();
    await panel.getByRole('group', { name: 'Changed meanwhile' }).getByText('“employee” is 19, was 17').waitFor();
    assert.deepEqual(await values(panel), ['employee=18']);
    assert.match((await said(page)) ?? '', /^The fields were changed meanwhile/);
  });

  it('does not lose a name that is typed, nor is renamed unseen', async (t) => {
    const { panel, made } = await openAnna(t);
    const name = panel.getByLabel('Name', { exact: true });
    await name.fill('Anna Schmidt');
    await somebodyElse(made, 'Anna Müller', { employee: 17, married: true });
    await panel.getByRole('button', { name: 'Rename' }).click();
    await note(panel).getByText('“married” is new: yes.').waitFor();
    assert.equal(await name.inputValue(), 'Anna Schmidt');
    assert.match((await panel.locator('.subject .facts').textContent()) ?? '', /employee17marriedyes/);
    await panel.getByRole('button', { name: 'Rename' }).click();
    await panel.getByText('Anna Müller is called Anna Schmidt now.').waitFor();
    assert.equal(made.changes.at(-1), 'rename default/Anna Müller Anna Schmidt');
  });

  it('stands in the way of a deletion and of a merge until both are asked for again', async (t) => {
    const { page, panel, made, errors } = await openAnna(t);
    const dialog = page.getByRole('dialog');
    const remove = panel.getByRole('button', { name: 'Delete this person' });
    await remove.click();
    await dialog.getByText('1 face, the fields').waitFor();
    made.put('default', 'Anna Müller', {
      ...(await made.people.subject('default', 'Anna Müller')),
      faces: [made.face(), made.face()],
    });
    await dialog.getByRole('button', { name: 'Delete this person' }).click();
    const faces = 'Nothing was deleted. Somebody changed Anna Müller meanwhile. There are 2 faces now, not 1.';
    await note(panel).getByText(faces).waitFor();
    await panel.locator('.stored-faces li').nth(1).waitFor();

    await panel.getByLabel('Is the same person as').fill('Bert');
    const merge = panel.getByRole('button', { name: 'Merge into that one …' });
    await merge.click();
    await dialog.getByText('The 2 faces of Anna Müller are added').waitFor();
    await somebodyElse(made, 'Anna Müller', {});
    await dialog.getByRole('button', { name: 'Merge' }).click();
    await note(panel).getByText('Nobody was merged.').waitFor();
    assert.match((await note(panel).textContent()) ?? '', /“employee” is gone\./);
    assert.equal(await panel.getByLabel('Is the same person as').inputValue(), 'Bert');
    assert.deepEqual(made.changes, ['change default/Anna Müller Anna Müller']);
    await merge.click();
    await dialog.getByRole('button', { name: 'Merge' }).click();
    await panel.getByText('Anna Müller and Bert are one person now.').waitFor();
    await remove.click();
    await dialog.getByRole('button', { name: 'Delete this person' }).click();
    await panel.locator('[data-open=Bert]').waitFor({ state: 'detached' });
    assert.equal(made.changes.at(-1), 'delete default/Bert');
    assert.deepEqual(unexpected(errors), []);
  });

  it('does not stand in the way where only faces came, and nobody is asked twice', async (t) => {
    const { panel, made, errors } = await openAnna(t);
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await addField(panel, 'room', '4');
    made.put('default', 'Anna Müller', {
      ...(await made.people.subject('default', 'Anna Müller')),
      faces: [made.face(), made.face()],
    });
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('The fields are saved.').waitFor();
    assert.equal(made.tags.length, 2);
    await panel.getByText('2 faces · added').waitFor();
    assert.deepEqual(unexpected(errors), []);
  });

  it('is another of the same name: that is told', async (t) => {
    const { panel, made } = await openAnna(t);
    await made.people.deleteSubject('default', 'Anna Müller');
    made.put('default', 'Anna Müller', { faces: [] });
    await panel.getByLabel('Name', { exact: true }).fill('Anna Schmidt');
    await panel.getByRole('button', { name: 'Rename' }).click();
    await note(panel).getByText('this is somebody else called Anna Müller.').waitFor();
    await panel.getByText('No face is enrolled: this person is not recognised.').waitFor();
  });

  it('is told so that everybody can read it, light, dark and on a phone', async (t) => {
    for (const options of [{}, { width: 360, height: 780, dark: true }]) {
      const { page, panel, made } = await openAnna(t, options);
      await panel.getByRole('button', { name: 'Change fields' }).click();
      await addField(panel, 'room', '4');
      await somebodyElse(made, 'Anna Müller', { employee: 17, remark: 'W'.repeat(300) });
      await panel.getByRole('button', { name: 'Save the fields' }).click();
      await note(panel).getByText('Somebody changed Anna Müller meanwhile.').waitFor();
      await panel.getByRole('group', { name: 'Changed meanwhile' }).waitFor();
      await check(page, JSON.stringify(options));
      const { top, bottom } = await note(panel).evaluate((element) => element.getBoundingClientRect());
      const header = await page.locator('.top').evaluate((element) => element.getBoundingClientRect().bottom);
      assert.ok(bottom > header && top >= header - 1, `seen without scrolling: ${top} below ${header}`);
    }
  });
});
