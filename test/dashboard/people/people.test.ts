/** The tab "People" in a real browser, before the real HTTP layer with people in memory: the list, and adding to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { assertUsable } from '../support/audit.ts';
import { madeUpPeople } from '../support/people.ts';
import { drop, file, give, names, said, scene, someone, unexpected, WAIT_MS } from '../support/people-scene.ts';

describe('who is enrolled', { skip: skipWithoutBrowser }, () => {
  it('is listed with how many faces, what is known, and what is kept', async (t) => {
    const { panel, errors } = await scene(t);
    await panel.locator('.subjects tbody tr').nth(1).waitFor();
    const rows = await panel.locator('.subjects tbody tr').allTextContents();
    assert.match(rows[0] ?? '', /^Anna Müller1employee 17\d\d:\d\d/);
    assert.match(rows[1] ?? '', /^Bert2/);
    await panel
      .getByText('2 people, 3 faces, 1 collection · no pictures kept, not encrypted, until deleted · ')
      .waitFor();
    assert.deepEqual(errors, []);
  });

  it('is searched and paged', async (t) => {
    const made = someone();
    for (let i = 0; i < 60; i++) made.put('default', `Person ${String(i).padStart(2, '0')}`);
    const { page, panel } = await scene(t, { made });
    await panel.getByText('Page 1').waitFor();
    assert.equal((await names(panel)).length, 25);
    for (const number of [2, 3]) {
      await panel.getByRole('button', { name: 'Next →' }).click();
      await panel.getByText(`Page ${number}`).waitFor();
    }
    assert.equal((await names(panel)).at(-1), 'Person 59');
    assert.equal(await panel.getByRole('button', { name: 'Next →' }).isDisabled(), true);
    await panel.getByRole('button', { name: '← Before' }).click();
    await panel.getByText('Page 2').waitFor();
    await panel.getByLabel('Find a name').fill('MÜLL');
    await panel.getByText('1 person with “MÜLL” in the name.').waitFor();
    assert.deepEqual(await names(panel), ['Anna Müller']);
    await panel.getByLabel('Find a name').fill('nobody like that');
    await panel.getByText('Nobody with “nobody like that” in the name.').waitFor();
    assert.match((await said(page)) ?? '', /^Nobody with/);
    assert.doesNotMatch(page.url(), /ll|nobody/);
  });

  it('is read again when somebody else has changed it, and keeps the focus', async (t) => {
    const { panel, made } = await scene(t);
    await panel.locator('[data-open=Bert]').focus();
    made.put('default', 'Abel');
    await panel.locator('[data-open=Abel]').waitFor();
    assert.equal(await panel.locator(':focus').textContent(), 'Bert');
  });

  it('shows names as text, whatever they are', async (t) => {
    const made = someone();
    const hostile = '<img src=x onerror="document.title=1">';
    made.put('default', hostile, { metadata: { [hostile]: hostile } });
    made.put('default', 'a/b?c#d%2F..');
    const { panel, errors } = await scene(t, { made });
    await panel.getByRole('button', { name: hostile }).click();
    await panel.getByRole('heading', { name: hostile, exact: true }).waitFor();
    assert.equal(await panel.locator('img').count(), 0);
    await panel.getByRole('button', { name: '← All people' }).click();
    await panel.getByRole('button', { name: 'a/b?c#d%2F..' }).click();
    await panel.locator('.stored-faces li').waitFor();
    assert.deepEqual(errors, []);
  });

  it('is told where it cannot be: off, empty, loading, failed', async (t) => {
    const { page, panel, made } = await scene(t, { made: madeUpPeople() });
    await panel.locator('.note', { hasText: 'Nobody is enrolled yet. Drop pictures' }).waitFor();
    await panel.getByText('Nobody is enrolled here yet.').waitFor();
    assert.equal(await panel.getByLabel('Name of the person').isVisible(), true);
    // A tab is read at once when it is turned to.
    const lookAgain = async () => {
      for (const tab of ['Detect', 'People']) await page.getByRole('tab', { name: tab }).click();
    };
    for (const [state, detail, text] of [
      ['loading', '12,000 of 100,000 faces', 'are being read. 12,000 of 100,000 faces.'],
      ['failed', 'the key is not the one it was encrypted with', 'cannot be used: the key is not the one'],
      ['off', '', 'People are off: nobody can be enrolled'],
    ] as const) {
      made.set({ state, detail });
      await lookAgain();
      await panel.locator('.note', { hasText: text }).waitFor();
      assert.equal(await panel.locator('.people-list').isVisible(), false);
      await assertUsable(page);
    }
    made.set({ state: 'ready', detail: '' });
    await lookAgain();
    await panel.locator('.people-list').waitFor();
  });
});

describe('adding people', { skip: skipWithoutBrowser }, () => {
  it('takes pictures with a name, and says what became of each, why, and what to do', async (t) => {
    const { page, panel, made, errors } = await scene(t);
    await give(
      panel,
      ' Zoe\u0308 ',
      file('good.png'),
      file('blur.png', 'warn ood_rejected'),
      file('group.png', 'refuse too_many_faces face_too_small'),
      file('screen.png', 'refuse spoof_detected'),
      file('broken.png', 'break'),
    );
    const summary = panel.locator('.enrol-list .summary');
    await summary.getByText('5 pictures: 2 enrolled, 2 refused, 1 failed, 1 with a warning.').waitFor();
    assert.match((await said(page)) ?? '', /^Done\. 5 pictures/);
    const row = (name: string) => panel.locator(`.enrolments [data-file="${name}"]`);
    assert.match((await row('good.png').textContent()) ?? '', /^Zoëgood\.png✓ Enrolled$/);
    assert.match((await row('blur.png').textContent()) ?? '', /▲ Enrolled with a warning.*no clear face/);
    const group = (await row('group.png').textContent()) ?? '';
    assert.match(group, /✕ Refused.*more than one face\. Cut the picture.*\(there are 3 faces\)/);
    assert.match(group, /too small\. Use a picture of more pixels.*24 pixels/);
    assert.equal(await row('group.png').getByRole('button').count(), 0, 'one button does not help against both');
    assert.match((await row('screen.png').textContent()) ?? '', /✕ Refused.*a screen or of a print.*0\.04/);
    assert.match((await row('broken.png').textContent()) ?? '', /✕ Failed.*The picture is broken\. .*ends too early/);
    await panel.locator('[data-open="Zoë"]').waitFor();
    assert.deepEqual(made.changes, ['enrol default/Zoë', 'enrol default/Zoë']);

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Save the report' }).click(),
    ]);
    const report = readFileSync(await download.path(), 'utf8').split('\n');
    assert.equal(report[0], 'subject,file,result,code,reason,detail');
    assert.equal(
      report.filter((line) => line.startsWith('Zoë,group.png,refused,')).length,
      2,
      'a line for each reason',
    );
    assert.ok(report.includes('Zoë,good.png,enrolled,,,'), report.join('\n'));
    await panel.getByRole('button', { name: 'Clear this list' }).click();
    await panel.locator('.enrol-list').waitFor({ state: 'hidden' });
    assert.deepEqual(unexpected(errors), []);
  });

  it('takes the largest face, or a face that looks like another, where somebody says so', async (t) => {
    const { page, panel, made } = await scene(t);
    await give(panel, 'Clara', file('group.png', 'refuse too_many_faces'));
    await panel.getByRole('button', { name: 'Take the largest face: group.png of Clara' }).click();
    await panel.locator('.enrolments', { hasText: '✓ Enrolled' }).waitFor();
    assert.deepEqual(
      made.options.map(({ several_faces }) => several_faces),
      [undefined, 'largest'],
    );
    assert.equal(await page.locator(':focus').textContent(), 'Pictures that were given');
    await give(panel, 'Clara', file('group.png', 'refuse too_many_faces'));
    await panel.getByRole('button', { name: 'Take the largest face: group.png of Clara' }).click();
    await panel.locator('.enrolments', { hasText: '✓ Enrolled before' }).waitFor();
    await give(panel, 'Clara', file('twin.png', 'refuse looks_like_other'));
    await panel.getByText('(it is like Bert with a cosine of 0.61)').waitFor();
    assert.equal(made.options.at(-1)?.similar, undefined);
    await panel.getByRole('button', { name: 'Enrol it all the same: twin.png of Clara' }).click();
    await until('it was sent again', WAIT_MS, () => made.options.at(-1)?.similar === 'report');
  });

  it('takes a dropped folder in which each folder is a person', async (t) => {
    const { page, panel, made } = await scene(t);
    const paths = ['Anna Müller/1.png', 'Dora/1.png', 'Dora/old/2.png', 'Emil/cv.pdf', 'us.png', '.DS_Store'];
    await page.locator('.adder .drop').waitFor();
    await drop(
      page,
      '.adder .drop',
      paths.map((path) => `staff/${path}`),
    );
    await panel.getByText('2 people with 3 pictures.').waitFor();
    const left = (await panel.locator('.adder .note').textContent()) ?? '';
    assert.equal(left, 'Left out: staff/Emil/cv.pdf (no picture), staff/us.png (beside the folders of the people).');
    assert.deepEqual(made.changes, [], 'nothing is sent before somebody says so');
    await panel.getByRole('button', { name: 'Not these' }).click();
    assert.equal(await panel.locator('.plan').isVisible(), false);
    await drop(
      page,
      '.adder .drop',
      paths.map((path) => `staff/${path}`),
    );
    await panel.getByRole('button', { name: 'Add 3 pictures' }).click();
    await panel.locator('.enrol-list .summary', { hasText: '3 pictures: 3 enrolled.' }).waitFor();
    const enrolled = (name: string) => made.changes.filter((change) => change === `enrol default/${name}`).length;
    assert.deepEqual([enrolled('Anna Müller'), enrolled('Dora'), made.changes.length], [1, 2, 3]);
  });

  it('takes pictures that are dropped on a name, and not a folder of several people', async (t) => {
    const { page, panel, made } = await scene(t);
    await panel.locator('[data-open=Bert]').waitFor();
    await drop(page, '.subjects tr:has([data-open=Bert])', ['1.png', '2.png']);
    await panel.locator('.enrol-list .summary', { hasText: '2 pictures: 2 enrolled.' }).waitFor();
    await drop(page, '.subjects tr:has([data-open=Bert])', ['staff/Anna/1.png', 'staff/Dora/1.png']);
    await panel.getByText('There are folders of 2 people in it').waitFor();
    await panel.locator('[data-open=Bert]').click();
    await panel.getByRole('heading', { name: 'Add pictures of Bert' }).waitFor();
    await drop(page, '.adder .drop', ['Bert/3.png']);
    await panel.locator('.stored-faces li').nth(4).waitFor();
    await drop(page, '.subject', ['4.png']);
    await panel.locator('.stored-faces li').nth(5).waitFor();
    assert.deepEqual(new Set(made.changes), new Set(['enrol default/Bert']));
    assert.equal(made.changes.length, 4);
  });

  it('sends two at a time, is stopped, goes on, and leaves out the rest', async (t) => {
    const { panel, made } = await scene(t);
    await give(panel, 'Ina', ...[1, 2, 3, 4, 5].map((i) => file(`${i}.png`, `wait ${i}`)));
    await until('two are looked at', WAIT_MS, () => made.waiting() === 2);
    await panel.locator('.enrolments .pill', { hasText: 'Is looked at' }).nth(1).waitFor();
    made.release();
    await until('the next two are looked at', WAIT_MS, () => made.waiting() === 2);
    assert.equal(made.most(), 2);
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.getByText('Stopped. 3 pictures wait.').waitFor();
    await until('they were given up', WAIT_MS, () => made.changes.length === 2);
    made.release();
    await panel.getByRole('button', { name: 'Go on' }).click();
    await until('two are looked at again', WAIT_MS, () => made.waiting() === 2);
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.getByRole('button', { name: 'Leave out the rest' }).click();
    await panel.locator('.enrol-list .summary', { hasText: '2 pictures: 2 enrolled.' }).waitFor();
  });

  it('tries again where the server is busy, and stands still where no picture would fare better', async (t) => {
    const { panel, made } = await scene(t);
    await give(panel, 'Ina', file('1.png', 'busy'));
    await panel.locator('.enrol-list .summary', { hasText: '1 picture: 1 enrolled.' }).waitFor();
    await panel.getByLabel('Name of the person').fill('Ina');
    await panel.locator('#people-files').setInputFiles([file('2.png'), file('3.png')]);
    made.fail(new FacepoolError('storage_full', 'The disk is full.'));
    await panel.getByRole('button', { name: 'Add 2 pictures' }).click();
    await panel.getByText('Disk is full: The disk is full. (storage_full) 2 pictures wait.').waitFor();
    made.fail(null);
    await panel.getByRole('button', { name: 'Go on' }).click();
    await panel.locator('.enrol-list .summary', { hasText: '3 pictures: 3 enrolled.' }).waitFor();
  });

  it('asks for what is missing: pictures, a name, a name that can be', async (t) => {
    const { page, panel, made } = await scene(t);
    // Where the browser has just opened its list of names, Enter closes that first.
    await until('it asks for pictures', WAIT_MS, async () => {
      await panel.getByLabel('Name of the person').press('Enter');
      return panel.getByText('Choose pictures first.').isVisible();
    });
    await panel.locator('#people-files').setInputFiles([file('1.png')]);
    await panel.getByText('1 picture: who is it?').waitFor();
    assert.equal(await page.locator(':focus').getAttribute('id'), 'people-name');
    await panel.getByRole('button', { name: 'Add 1 picture' }).click();
    await panel.getByText('A person needs a name.').waitFor();
    await panel.getByLabel('Name of the person').fill('..');
    await panel.getByRole('button', { name: 'Add 1 picture' }).click();
    await panel.getByText('“.” and “..” cannot be names.').waitFor();
    assert.deepEqual(made.changes, []);
  });
});
