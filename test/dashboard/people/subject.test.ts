/** One person, in a real browser with people in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { madeUpPeople } from '../support/people.ts';
import { said, scene, unexpected, WAIT_MS } from '../support/people-scene.ts';

describe('a person', { skip: skipWithoutBrowser }, () => {
  it('is shown with every face, and why some have no picture', async (t) => {
    const made = madeUpPeople({ store_images: 'originals' });
    const kept = { crop: true, original: true };
    made.put('default', 'Bert', {
      faces: [made.face(kept), made.face({ source: 'embedding', quality: null }), made.face()],
    });
    const { page, panel, errors } = await scene(t, { made });
    await panel.locator('[data-open=Bert]').click();
    const faces = panel.locator('.stored-faces li');
    const crop = faces.nth(0).getByRole('img', { name: 'Face 1' });
    await crop.waitFor();
    assert.match((await crop.getAttribute('src')) ?? '', /^blob:/);
    await until('it is a picture', WAIT_MS, () => crop.evaluate((img) => img.naturalWidth > 0));
    assert.match((await faces.nth(0).textContent()) ?? '', /score 0\.98 · quality 0\.81 · OOD 0\.74 · live 0\.97/);
    assert.match((await faces.nth(1).textContent()) ?? '', /No picture: it was brought as numbers\./);
    assert.match((await faces.nth(2).textContent()) ?? '', /No picture: none was kept when it was enrolled\./);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      faces.nth(0).getByRole('button', { name: 'Save the whole picture of face 1' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /\.png$/);
    await panel.getByRole('button', { name: '← All people' }).click();
    assert.equal(await page.locator(':focus').textContent(), 'Bert', 'back where it was');
    made.set({ store_images: 'never' });
    await panel.getByText('no pictures kept').waitFor();
    await panel.locator('[data-open=Bert]').click();
    await faces.nth(2).getByText('No picture: none is kept (people.store_images: never).').waitFor();
    assert.deepEqual(errors, []);
  });

  it('is renamed', async (t) => {
    const { page, panel, made } = await scene(t);
    await panel.locator('[data-open="Anna Müller"]').click();
    await panel.getByLabel('Name', { exact: true }).fill('  Anna Schmidt ');
    await panel.getByRole('button', { name: 'Rename' }).click();
    await panel.getByText('Anna Müller is called Anna Schmidt now.').waitFor();
    await panel.getByRole('heading', { name: 'Add pictures of Anna Schmidt' }).waitFor();
    assert.deepEqual(made.changes, ['rename default/Anna Müller Anna Schmidt']);
    await panel.getByLabel('Name', { exact: true }).fill('..');
    await panel.getByRole('button', { name: 'Rename' }).click();
    await panel.getByText('“.” and “..” cannot be names.').waitFor();
    assert.equal(made.changes.length, 1);
    await panel.getByRole('button', { name: '← All people' }).click();
    assert.equal(await page.locator(':focus').textContent(), 'Anna Schmidt');
  });

  it('is merged with another, also by giving it a name that is taken, once somebody has said yes', async (t) => {
    const { page, panel, made, errors } = await scene(t);
    made.put('default', 'Berti');
    await panel.locator('[data-open=Berti]').click();
    await panel.getByLabel('Name', { exact: true }).fill('Bert');
    await panel.getByRole('button', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Merge Berti into Bert?').waitFor();
    assert.match((await dialog.textContent()) ?? '', /Bert is there with 2 faces\. The 1 face of Berti are added/);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByLabel('Is the same person as').fill('Nobody');
    await panel.getByRole('button', { name: 'Merge into that one …' }).click();
    await panel.getByText('There is nobody called Nobody in this collection.').waitFor();
    assert.deepEqual(made.changes, []);
    await panel.getByLabel('Is the same person as').fill('Ber');
    await panel.locator('#people-merge-names option[value=Bert]').waitFor({ state: 'attached' });
    await panel.getByLabel('Is the same person as').fill('Bert');
    await panel.getByRole('button', { name: 'Merge into that one …' }).click();
    await dialog.getByRole('button', { name: 'Merge' }).click();
    await panel.getByText('Berti and Bert are one person now.').waitFor();
    await panel.locator('.stored-faces li').nth(2).waitFor();
    assert.deepEqual(made.changes, ['merge default/Berti Bert']);
    assert.deepEqual(unexpected(errors), []);
  });

  it('has fields that are changed', async (t) => {
    const { panel, made } = await scene(t);
    await panel.locator('[data-open="Anna Müller"]').click();
    await panel.getByText('employee', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.getByLabel('Value').first().fill('eighteen');
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('“employee” is to be a number.').waitFor();
    await panel.getByLabel('Value').first().fill('18');
    await panel.getByRole('button', { name: 'One more field' }).click();
    const row = panel.locator('.field-row').nth(1);
    await row.getByLabel('Name of the field').fill('left');
    await row.getByLabel('Kind of the field').selectOption('Yes or no');
    await row.locator('select[aria-label=Value]').selectOption('yes');
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('The fields are saved.').waitFor();
    const known = await made.people.subject('default', 'Anna Müller');
    assert.deepEqual(known.metadata, { employee: 18, left: true });
    assert.match((await panel.locator('.subject .facts').textContent()) ?? '', /employee18leftyes/);
  });

  it('is deleted, or one of its faces is, once somebody has said yes', async (t) => {
    const { page, panel, made } = await scene(t);
    const dialog = page.getByRole('dialog');
    await panel.locator('[data-open=Bert]').click();
    await panel.getByRole('button', { name: 'Delete face 2' }).click();
    await dialog.getByRole('button', { name: 'Delete the face' }).click();
    await panel.getByText('Face 2 is deleted.').waitFor();
    await until('one is left', WAIT_MS, async () => (await panel.locator('.stored-faces li').count()) === 1);
    await panel.getByRole('button', { name: 'Delete this person' }).click();
    await dialog.getByText('Delete Bert?').waitFor();
    await page.keyboard.press('Escape');
    assert.deepEqual(made.changes, ['delete face of default/Bert']);
    await panel.getByRole('button', { name: 'Delete this person' }).click();
    await dialog.getByText('1 face, the fields, and what is kept of the pictures are deleted').waitFor();
    await dialog.getByRole('button', { name: 'Delete this person' }).click();
    await panel.locator('[data-open=Bert]').waitFor({ state: 'detached' });
    assert.equal(made.changes.at(-1), 'delete default/Bert');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'people-find');
    assert.equal(await said(page), 'Bert is deleted.');
  });

  it('says that there is nobody of that name any more', async (t) => {
    const { panel, made } = await scene(t);
    await panel.locator('[data-open=Bert]').click();
    await panel.locator('.stored-faces li').nth(1).waitFor();
    await made.people.deleteSubject('default', 'Bert');
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.getByLabel('Name of the field').fill('a');
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    const gone = 'Nothing was changed. Bert is not there any more: somebody renamed or deleted this person.';
    await panel.getByText(`${gone} Not found: There is no such subject. (not_found)`).waitFor();
    assert.equal(await panel.getByLabel('Name of the field').inputValue(), 'a');
  });
});
