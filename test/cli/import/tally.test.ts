import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PeopleFolder } from '../../../src/cli/import/folder.ts';
import type { Outcome, Result } from '../../../src/cli/import/outcome.ts';
import { Tally } from '../../../src/cli/import/tally.ts';

const picture = (person: string, file: string) => ({ person, file: `${person}/${file}`, path: `/${person}/${file}` });
const FOLDER: Pick<PeopleFolder, 'people' | 'troubles'> = {
  people: [
    { name: 'anna', pictures: [picture('anna', '1'), picture('anna', '2')] },
    { name: 'bert', pictures: [picture('bert', '1')] },
    { name: 'carl', pictures: [] },
  ],
  troubles: [{ person: 'a\tb', file: 'a\tb', code: 'invalid_name', detail: 'no' }],
};

function outcome(person: string, result: Result, code = ''): Outcome {
  return { person, file: `${person}/x`, result, code, detail: code };
}

it('counts pictures and people as they are done', () => {
  const tally = new Tally(FOLDER);
  assert.deepEqual([tally.people, tally.pictures, tally.done, tally.peopleDone], [4, 4, 0, 1], 'carl has none');
  tally.add(outcome('anna', 'enrolled'));
  assert.deepEqual([tally.done, tally.peopleDone], [1, 1]);
  tally.add(outcome('anna', 'present'));
  tally.add(outcome('bert', 'refused', 'no_face'));
  tally.add(outcome('a\tb', 'refused', 'invalid_name'));
  assert.deepEqual([tally.done, tally.peopleDone], [4, 4]);
  assert.deepEqual(tally.counts, { enrolled: 1, present: 1, new: 0, refused: 2, failed: 0 });
});

it('groups what was refused by its reason, with people and an example', () => {
  const tally = new Tally(FOLDER);
  const first = outcome('anna', 'refused', 'no_face');
  tally.add(first);
  tally.add(outcome('anna', 'failed', 'no_face'));
  tally.add(outcome('bert', 'refused', 'spoof_detected'));
  const reasons = [...tally.reasons.values()];
  assert.deepEqual(
    reasons.map(({ code, pictures, people }) => [code, pictures, people.size]),
    [
      ['no_face', 2, 1],
      ['spoof_detected', 1, 1],
    ],
  );
  assert.equal(reasons[0]?.example, first);
});

it('a warning is no refusal', () => {
  const tally = new Tally(FOLDER);
  tally.add(outcome('anna', 'enrolled', 'spoof_detected'));
  tally.add(outcome('bert', 'enrolled', 'spoof_detected'));
  assert.deepEqual([tally.reasons.size, tally.warnings.get('spoof_detected')], [0, 2]);
});

it('names those of whom nothing was taken, when all was tried, and those without a picture', () => {
  const tally = new Tally(FOLDER);
  tally.add(outcome('anna', 'refused', 'no_face'));
  assert.deepEqual(tally.nobody, [], 'anna has another picture');
  tally.add(outcome('anna', 'failed', 'model_failed'));
  tally.add(outcome('bert', 'present'));
  assert.deepEqual([tally.nobody, tally.withoutPicture], [['anna'], ['carl']]);
});
