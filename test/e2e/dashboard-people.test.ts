/** People enrolled, found, changed and deleted from the dashboard of a real server, with real faces. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { subjectsAnswerSchema } from '../../src/contract/people.ts';
import { assertUsable } from '../dashboard/support/audit.ts';
import { countPixels, openPage, skipWithoutBrowser, startBrowser } from './support/browser.ts';
import { configured } from './support/config-file.ts';
import { makeDataDir, startServer } from './support/server.ts';
import { picture, picturePath, skip as skipWithoutShared } from './support/shared.ts';
import { until } from './support/until.ts';

const skip = skipWithoutBrowser === false ? skipWithoutShared : skipWithoutBrowser;
const WAIT_MS = 60_000;
const GREEN = [61, 220, 132] as const;

/** Folders as people have them: who they are, and what lies in them. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'Vlado Ž': ['photos/person-vlado.jpg', 'photos/person-vlado1.jpg'],
  Christina: ['photos/person-christina.jpg'],
  Lauren: ['photos/person-lauren.jpg', 'photos/background.jpg'],
  Drawn: ['anime/cheese_demo.jpg'],
  Screen: ['liveness/minivision_image_F1.jpg'],
  Crowd: ['photos/crowd1.jpg'],
};

function makeFolders(): string {
  const root = path.join(makeDataDir(), 'staff');
  for (const [name, pictures] of Object.entries(FOLDERS)) {
    mkdirSync(path.join(root, name), { recursive: true });
    for (const each of pictures) cpSync(picturePath(each), path.join(root, name, path.basename(each)));
  }
  writeFileSync(path.join(root, 'Lauren', 'notes.txt'), 'no picture');
  writeFileSync(path.join(root, 'Lauren', 'cut.jpg'), picture('photos/person-lauren.jpg').subarray(0, 5000));
  return root;
}

it('enrols, finds, changes and deletes people from the dashboard', { skip }, async (t) => {
  const dataDir = makeDataDir();
  const keyFile = path.join(dataDir, 'people.key');
  writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 });
  const people = { store_images: 'crops', encryption_key_file: keyFile };
  const server = await startServer(configured({ people }, dataDir));
  t.after(() => server.stop());
  const browser = await startBrowser(t, { camera: true });
  const { page, errors, foreign } = await openPage(browser, `${server.url}/#people`);
  page.setDefaultTimeout(WAIT_MS);
  const panel = page.locator('#panel-people');
  const summary = panel.locator('.enrol-list .summary');
  const row = (name: string) => panel.locator(`.enrolments [data-file="${name}"]`);
  const trial = panel.locator('.try');
  const enrolled = async () => {
    const answer = await fetch(`${server.url}/v1/collections/default/subjects`);
    return subjectsAnswerSchema.parse(await answer.json()).subjects.map(({ subject, faces }) => `${subject} ${faces}`);
  };
  const tried = async (name: string) => {
    await trial.locator('input[type=file]').setInputFiles(picturePath(name));
    await trial.locator('.summary', { hasText: / in [\d.]+ m?s/ }).waitFor();
    return (await trial.locator('.face-cards > li').first().textContent()) ?? '';
  };

  await t.test('says how to begin', async () => {
    await panel.locator('.note', { hasText: 'Nobody is enrolled yet. Drop pictures' }).waitFor();
    await panel.getByText('a crop of each face kept, encrypted, until deleted').waitFor();
    await assertUsable(page);
  });

  await t.test('takes a folder of people, and tells what was refused and why', async () => {
    await panel.locator('#people-folder').setInputFiles(makeFolders());
    await panel.getByText('6 people with 9 pictures.').waitFor();
    await panel.getByText('Left out: staff/Lauren/notes.txt (no picture).').waitFor();
    await panel.getByRole('button', { name: 'Add 9 pictures' }).click();
    await summary.getByText(/^9 pictures: /).waitFor();
    const told = await Promise.all(
      ['cheese_demo', 'minivision_image_F1', 'crowd1', 'background', 'cut'].map((name) =>
        row(`${name}.jpg`).textContent(),
      ),
    );
    for (const [i, text] of [
      /✕ Refused.*This is no clear face/,
      /✕ Refused.*a screen or of a print/,
      /✕ Refused.*There is more than one face\..*9 faces were found/,
      /✕ Refused.*No face was found\./,
      /✕ Failed.*The picture is broken\./,
    ].entries())
      assert.match(told[i] ?? '', text);
    assert.equal(await summary.textContent(), '9 pictures: 4 enrolled, 4 refused, 1 failed.');
    assert.deepEqual(await enrolled(), ['Christina 1', 'Lauren 1', 'Vlado Ž 2']);
    await panel.locator('[data-open="Vlado Ž"]').waitFor();
    await assertUsable(page);
  });

  await t.test('takes the largest face of several where it is told to', async () => {
    await panel.getByRole('button', { name: 'Take the largest face: crowd1.jpg of Crowd' }).click();
    await row('crowd1.jpg').getByText('✓ Enrolled').waitFor();
    await panel.getByRole('button', { name: 'Clear this list' }).click();
    assert.ok((await enrolled()).includes('Crowd 1'));
  });

  await t.test('knows a picture again, and refuses a face under another name', async () => {
    const give = async (name: string, file: string) => {
      await panel.getByLabel('Name of the person').fill(name);
      await panel.locator('#people-files').setInputFiles(picturePath(file));
      await panel.getByRole('button', { name: 'Add 1 picture' }).click();
    };
    await give('Christina', 'photos/person-christina.jpg');
    await row('person-christina.jpg').getByText('✓ Enrolled before').waitFor();
    await give('Somebody else', 'photos/person-vlado5.jpg');
    await row('person-vlado5.jpg').getByText('✕ Refused').waitFor();
    assert.match((await row('person-vlado5.jpg').textContent()) ?? '', /enrolled under another name.*Vlado Ž/);
    assert.equal((await enrolled()).length, 4);
  });

  await t.test('says who is in a picture, and why somebody is unknown', async () => {
    assert.match(await tried('photos/person-vlado5.jpg'), /^1✓ Vlado Ž/);
    assert.equal(await trial.locator('.face-cards tbody tr').count(), 3, 'the three people that are most like it');
    assert.ok((await countPixels(page, '.try canvas', GREEN)) > 300);
    const steps = await trial.locator('.timings dt').allTextContents();
    assert.ok(steps.includes('Match'), steps.join());
    assert.match(await tried('photos/person-nicole.jpg'), /^1○ UnknownNobody is alike enough: the nearest is /);
    assert.match(await tried('liveness/minivision_image_F1.jpg'), /^1✕ Unknown.*live with/);
    const threshold = async () => (await trial.locator('.face-cards tbody td').nth(2).textContent()) ?? '';
    const before = Number(await threshold());
    await trial.getByLabel('Two different people may be taken for one').selectOption('1e-5');
    await until('the threshold is higher', WAIT_MS, async () => Number(await threshold()) > before);
    await trial.getByLabel('Two different people may be taken for one').selectOption('1e-4');
  });

  await t.test('looks through the camera until it is told to stop', async () => {
    await trial.getByRole('button', { name: 'Use the camera' }).click();
    await trial.locator('.summary', { hasText: /^No face found in .* [\d.]+ pictures per second\.$/ }).waitFor();
    await trial.getByRole('button', { name: 'Stop the camera' }).click();
    await trial.locator('.summary', { hasText: /^No face found in [\d.]+ m?s\.$/ }).waitFor();
  });

  await t.test('shows a person with the crops, renames, merges, gives fields', async () => {
    await panel.locator('[data-open="Vlado Ž"]').click();
    for (const name of ['Face 1', 'Face 2']) {
      const crop = panel.locator('.stored-faces').getByRole('img', { name });
      await crop.waitFor();
      await until('it is a picture', WAIT_MS, () => crop.evaluate((img) => img.naturalWidth > 40));
    }
    await panel.getByRole('button', { name: 'Change fields' }).click();
    await panel.getByLabel('Name of the field').fill('team');
    await panel.getByLabel('Value').first().fill('Blue');
    await panel.getByRole('button', { name: 'Save the fields' }).click();
    await panel.getByText('The fields are saved.').waitFor();
    await panel.getByLabel('Name', { exact: true }).fill('Vladimir / Ž');
    await panel.getByRole('button', { name: 'Rename' }).click();
    await panel.getByText('Vlado Ž is called Vladimir / Ž now.').waitFor();
    await panel.locator('.stored-faces img').nth(1).waitFor();
    await assertUsable(page);
    await panel.getByRole('button', { name: '← All people' }).click();
    await panel.locator('.subjects tr', { hasText: 'Vladimir / Ž2team Blue' }).waitFor();
    assert.match(await tried('photos/person-vlado5.jpg'), /^1✓ Vladimir \/ Ž/);
    await panel.locator('[data-open=Crowd]').click();
    await panel.getByLabel('Name', { exact: true }).fill('Lauren');
    await panel.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
    await panel.getByText('Crowd and Lauren are one person now.').waitFor();
    assert.deepEqual(await enrolled(), ['Christina 1', 'Lauren 2', 'Vladimir / Ž 2']);
  });

  await t.test('deletes a person, who is unknown from then on', async () => {
    await panel.getByRole('button', { name: '← All people' }).click();
    await panel.locator('[data-open="Vladimir / Ž"]').click();
    await panel.getByRole('button', { name: 'Delete this person' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete this person' }).click();
    await panel.locator('[data-open="Vladimir / Ž"]').waitFor({ state: 'detached' });
    assert.match(await tried('photos/person-vlado5.jpg'), /^1○ UnknownNobody is alike enough/);
    await panel.getByRole('button', { name: 'Delete this collection' }).click();
    await page.getByRole('dialog').getByText('2 people with 3 faces are deleted').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the collection' }).click();
    await panel.locator('.note', { hasText: 'Nobody is enrolled yet.' }).waitFor();
    await panel.getByText('Nobody is enrolled here yet.').waitFor();
    assert.match(await tried('photos/person-christina.jpg'), /UnknownNobody is enrolled in this collection\./);
  });

  await t.test('nothing went wrong in the page, nobody but the server was asked, and no name is in a log', async () => {
    // The browser itself tells of refusals.
    assert.deepEqual(
      errors.filter((text) => !/status of 4(?:04|09|15|22)/.test(text)),
      [],
    );
    assert.deepEqual(foreign, []);
    const log = server
      .log()
      .map((line) => JSON.stringify(line))
      .join('\n');
    for (const name of ['Vlado', 'Christina', 'Lauren', 'Blue']) assert.ok(!log.includes(name), name);
  });
});
