/** Collections, a picture that is tried, keys, and the tab as a whole, in a real browser with people in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { countPixels, skipWithoutBrowser } from '../../e2e/support/browser.ts';
import { until } from '../../e2e/support/until.ts';
import { looseKey, storeOf } from '../../fixtures/auth/keys.ts';
import { assertUsable, faintTexts } from '../support/audit.ts';
import { madeUpPeople } from '../support/people.ts';
import { drop, file, give, PICTURE, said, scene, someone, unexpected, WAIT_MS } from '../support/people-scene.ts';
import { twoFaces } from '../support/server.ts';

const GREEN = [61, 220, 132] as const;
const picture = { name: 'a.png', mimeType: 'image/png', buffer: PICTURE };

describe('collections', { skip: skipWithoutBrowser }, () => {
  it('are made, chosen and deleted', async (t) => {
    const { page, panel, made } = await scene(t);
    await panel.getByText('2 people, 3 faces · embedding space omz-0095').waitFor();
    await panel.getByRole('button', { name: 'New collection' }).click();
    await panel.getByLabel('Called').fill('no good');
    await panel.getByRole('button', { name: 'Create it' }).click();
    await panel.locator('.collections .note[data-tone=error]', { hasText: 'invalid_argument' }).waitFor();
    await panel.getByLabel('Called').fill('visitors');
    await panel.getByRole('button', { name: 'Create it' }).click();
    await panel.getByText('The collection visitors is made.').waitFor();
    await panel.getByText('Nobody is enrolled here yet.').waitFor();
    assert.equal(await panel.getByLabel('Collection', { exact: true }).inputValue(), 'visitors');
    await give(panel, 'Guest', file('1.png'));
    await panel.locator('[data-open=Guest]').waitFor();
    assert.equal(made.changes.at(-1), 'enrol visitors/Guest');
    await panel.getByText('1 person, 1 face · embedding space omz-0095').waitFor();
    await panel.getByRole('button', { name: 'Delete this collection' }).click();
    await page.getByRole('dialog').getByText('1 person with 1 face are deleted').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the collection' }).click();
    await panel.locator('[data-open=Bert]').waitFor();
    assert.deepEqual(
      [made.changes.at(-1), await panel.locator('#people-collection option').count()],
      ['delete visitors', 1],
    );
  });

  it('keep what is on its way to one of them apart from what is looked at', async (t) => {
    const made = someone();
    made.put('visitors', 'Guest');
    const { panel } = await scene(t, { made });
    await panel.locator('#people-collection option[value=visitors]').waitFor({ state: 'attached' });
    await give(panel, 'Ina', file('1.png', 'wait'));
    await until('it is looked at', WAIT_MS, () => made.waiting() === 1);
    await panel.getByLabel('Collection', { exact: true }).selectOption('visitors');
    await panel.locator('[data-open=Guest]').waitFor();
    made.release();
    await until('it is enrolled', WAIT_MS, () => made.changes.length === 1);
    assert.deepEqual(made.changes, ['enrol default/Ina']);
  });
});

describe('a picture that is tried', { skip: skipWithoutBrowser }, () => {
  const match = (subject: string, cosine: number, margin: number | null, isMatch: boolean) => ({
    ...{ subject, face_id: '01', cosine, similarity: 0.9, threshold: 0.427, margin, match: isMatch },
  });

  it('has names over it, and says who is unknown and why', async (t) => {
    const { page, panel, server } = await scene(t, {
      faces: async ({ requestId }) => {
        const answer = twoFaces(requestId);
        const [first, second] = answer.faces;
        assert.ok(first && second);
        const matches = [match('Anna Müller', 0.75, 0.43, true), match('Bert', 0.32, null, false)];
        const spoof = { ...second, matches: [match('Bert', 0.61, 0.3, false)], identity: null };
        return { ...answer, faces: [{ ...first, matches, identity: 'Anna Müller' }, spoof] };
      },
    });
    const trial = panel.locator('.try');
    await trial.locator('input[type=file]').setInputFiles(picture);
    await trial.locator('.face-cards li').nth(1).waitFor();
    const cards = await trial.locator('.face-cards > li').allTextContents();
    assert.match(cards[0] ?? '', /✓ Anna Müller.*Anna Müller \(a match\)90 %0\.7500\.4270\.430Bert90 %0\.3200\.427–$/);
    assert.match(cards[1] ?? '', /✕ UnknownThe face is alike enough to Bert, but not trusted\. .*live with 4 %/);
    assert.match((await trial.locator('.summary').textContent()) ?? '', /^2 faces in 29 ms: Anna Müller, 1 unknown\.$/);
    assert.equal(await said(page), '2 faces in 29 ms: Anna Müller, 1 unknown.');
    assert.ok((await countPixels(page, '.try canvas', GREEN)) > 500);
    const asked = () => server.calls.filter(({ route }) => route === 'recognize').map(({ request }) => request.options);
    assert.deepEqual(asked().at(-1), {
      ...{ collection: 'default', top_k: 3, match_threshold: 1e-4 },
      fields: ['landmarks', 'quality', 'ood', 'liveness'],
    });
    await trial.getByLabel('Two different people may be taken for one').selectOption('1e-5');
    await until('it is asked again', WAIT_MS, () => asked().at(-1)?.match_threshold === 1e-5);
    await trial.locator('.face-cards li').nth(1).waitFor();
    const mark = trial.getByRole('button', { name: 'Mark face 2' });
    await mark.click();
    assert.equal(await mark.getAttribute('aria-pressed'), 'true');
  });

  it('says why there is no answer', async (t) => {
    const { panel } = await scene(t, {
      faces: async () => {
        throw new FacepoolError('people_unavailable', 'being read');
      },
    });
    await panel.locator('.try input[type=file]').setInputFiles(picture);
    await panel.getByText('People cannot be asked for now: being read (people_unavailable)').waitFor();
  });
});

describe('keys', { skip: skipWithoutBrowser }, () => {
  it('are asked for by what they are needed for', async (t) => {
    const reader = looseKey({ scopes: ['people:read'], name: 'reader' });
    const writer = looseKey({ scopes: ['people:read', 'people:write'], name: 'writer' });
    const inferring = looseKey({ scopes: ['infer'], name: 'camera' });
    const keys = storeOf([reader.key, writer.key, inferring.key]);
    const { page, panel, made } = await scene(t, { auth: { mode: 'required' }, keys });
    const use = async (token: string) => {
      await page.locator('#key-input').fill(token);
      await page.getByRole('button', { name: 'Use this key' }).click();
    };
    await use(inferring.token);
    await panel.locator('.note', { hasText: 'lacks the scope people:read. (forbidden)' }).waitFor();
    await assertUsable(page);
    await panel.getByRole('button', { name: 'Give another key' }).click();
    await page.getByText('This tab needs a key of the scopes people:read, people:write and infer.').waitFor();
    await use(reader.token);
    await panel.locator('[data-open=Bert]').waitFor();

    await give(panel, 'Ina', file('1.png'), file('2.png'), file('3.png'));
    await page.getByText('lacks the scope people:write. Give a key of the scope that is needed.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText(/Not allowed: .* people:write\. \(forbidden\) 3 pictures wait\./).waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0, 'asked once');
    assert.deepEqual(made.changes, []);
    await panel.getByRole('button', { name: 'Go on' }).click();
    await use(writer.token);
    await panel.locator('.enrol-list .summary', { hasText: '3 pictures: 3 enrolled.' }).waitFor();
    assert.equal(made.changes.length, 3);
    assert.ok(!page.url().includes('fp_'));
  });
});

describe('the tab', { skip: skipWithoutBrowser }, () => {
  it('is usable and readable in every state, light, dark and on a phone', async (t) => {
    for (const options of [{}, { width: 360, height: 780, dark: true }]) {
      const made = someone(madeUpPeople({ store_images: 'crops' }));
      made.put('default', 'W'.repeat(200), { faces: [made.face({ crop: true }), made.face()] });
      const { page, panel, errors } = await scene(t, {
        made,
        faces: async ({ requestId }) => {
          const answer = twoFaces(requestId);
          const [first] = answer.faces;
          assert.ok(first);
          const matches = [
            {
              ...{ subject: 'W'.repeat(200), face_id: '01', cosine: 0.7, similarity: 0.9 },
              threshold: 0.4,
              match: true,
              margin: null,
            },
          ];
          return { ...answer, faces: [{ ...first, matches, identity: 'W'.repeat(200) }] };
        },
        ...options,
      });
      const check = async (state: string) => {
        await assertUsable(page);
        assert.deepEqual(await faintTexts(page), [], `${state} ${JSON.stringify(options)}`);
      };
      await panel.locator('.subjects tbody tr').nth(2).waitFor();
      await panel.getByRole('button', { name: 'New collection' }).click();
      await check('a list');
      await give(
        panel,
        'W'.repeat(200),
        file('g.png', 'refuse too_many_faces'),
        file('s.png', 'refuse spoof_detected'),
        file('w.png', 'warn ood_rejected'),
        file('wait.png', 'wait'),
      );
      await panel.locator('.enrol-list .summary', { hasText: '3 of 4 pictures' }).waitFor();
      await panel.locator('.try input[type=file]').setInputFiles(picture);
      await panel.locator('.face-cards li').waitFor();
      await check('pictures');
      made.release();
      await panel.locator('.subjects [data-open^=WW]').click();
      await panel.locator('.stored-faces img').waitFor();
      await panel.getByRole('button', { name: 'Change fields' }).click();
      await check('a person');
      await panel.getByRole('button', { name: 'Delete this person' }).click();
      await page.getByRole('dialog').waitFor();
      await check('a question');
      assert.deepEqual(unexpected(errors), []);
    }
  });

  it('is worked with the keyboard alone', async (t) => {
    const { page, panel, made } = await scene(t);
    await panel.locator('[data-open=Bert]').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator(':focus').textContent(), 'Bert', 'the heading of the person');
    await panel.getByRole('button', { name: 'Delete face 1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Enter');
    await until('it is deleted', WAIT_MS, () => made.changes.length === 1);
    await panel.getByLabel('Name', { exact: true }).focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Bertha');
    await page.keyboard.press('Enter');
    await panel.getByText('Bert is called Bertha now.').waitFor();
    await panel.getByRole('button', { name: '← All people' }).press('Enter');
    // The list is read anew before it is shown.
    await page.locator(':focus', { hasText: /^Bertha$/ }).waitFor();
    assert.equal(await page.locator(':focus').textContent(), 'Bertha');
    assert.deepEqual(made.changes, ['delete face of default/Bert', 'rename default/Bert Bertha']);
  });

  it('goes on sending while another tab is looked at', async (t) => {
    const { page, panel, made } = await scene(t);
    await page.locator('.adder .drop').waitFor();
    await drop(page, '.adder .drop', ['Anna/1.png', 'Bea/1.png', 'Cleo/1.png']);
    await panel.getByRole('button', { name: 'Add 3 pictures' }).click();
    await page.getByRole('tab', { name: 'System' }).click();
    await until('all are enrolled', WAIT_MS, () => made.changes.length === 3);
    await page.getByRole('tab', { name: 'People' }).click();
    await panel.locator('.enrol-list .summary', { hasText: '3 pictures: 3 enrolled.' }).waitFor();
    await panel.locator('[data-open=Cleo]').waitFor();
  });
});
