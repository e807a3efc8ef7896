import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportLineSchema } from '../../src/contract/people-export.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';

test('an export has every subject by name, and every embedding bit by bit', async () => {
  const { people, gallery, signal } = peopleRig();
  for (let i = 0; i < 120; i++) await gallery.add(newFace(`person ${i % 60}`, i));
  await people.createSubject('default', 'nobody yet', { floor: 3 });
  const lines = await Array.fromAsync(people.export('default', signal));
  assert.equal(lines.length, 61);
  assert.deepEqual(
    lines.map(({ subject }) => subject),
    lines.map(({ subject }) => subject).toSorted(),
  );
  for (const line of lines) exportLineSchema.parse(line);
  const embeddings = lines.flatMap(({ faces }) => faces.map(({ embedding }) => embedding)).toSorted();
  const wanted = Array.from({ length: 120 }, (_, i) => Buffer.from(unit(i).buffer).toString('base64'));
  assert.deepEqual(embeddings, wanted.toSorted());
  assert.deepEqual(
    lines.find(({ subject }) => subject === 'nobody yet'),
    {
      collection: 'default',
      subject: 'nobody yet',
      metadata: { floor: 3 },
      faces: [],
    },
  );
});

test('who is removed while it runs is left out; an abort ends it', async () => {
  const { people, gallery, signal } = peopleRig();
  for (let i = 0; i < 3; i++) await gallery.add(newFace(`person ${i}`, i));
  const seen: string[] = [];
  for await (const { subject } of people.export('default', signal)) {
    seen.push(subject);
    if (subject === 'person 0') await people.deleteSubject('default', 'person 1');
  }
  assert.equal(seen.includes('person 2'), true);
  const abort = new AbortController();
  await assert.rejects(async () => {
    for await (const line of people.export('default', abort.signal)) abort.abort(new Error(`after ${line.subject}`));
  }, /after person 0/);
});
