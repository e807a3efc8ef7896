/** The part of the store's contract about copies: made while it is used, and taken only whole. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { cropFor, LIMITS, newFace, unitVector } from './store/new-face.ts';
import { isClean, namesOf, refusedAs, type SetUp } from './store-contract-support.ts';

const never = new AbortController().signal;

export function copiesContract(name: string, setUp: SetUp): void {
  void describe(`${name}: copies`, () => {
    void it('are private, consistent, and take the place of another store', async (t) => {
      const { store, folder, another } = await setUp(t);
      const crop = cropFor(1);
      const { face } = await store.addFace(newFace('Zoë', 1, { crop }), LIMITS);
      const file = path.join(folder, 'copy');
      await store.backup(file, never);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await store.addFace(newFace('later', 2), LIMITS);

      const other = await another();
      await other.addFace(newFace('replaced', 3), LIMITS);
      await other.replace(file);
      const [collection] = await other.collections();
      assert.ok(collection);
      assert.deepEqual(namesOf(await other.subjects(collection.id, { after: null, limit: 9 })), ['Zoë']);
      assert.deepEqual((await other.vectors('a', null, 9))[0]?.vector, unitVector(1));
      const image = await other.image(collection.id, face.face_id, 'crop');
      assert.deepEqual(new Uint8Array(image ?? []), crop.jpeg);
      const next = await other.addFace(newFace('Zoë', 4), LIMITS);
      assert.ok(next.face.face_id > face.face_id, 'ids go on above those of the copy');
      await isClean(other);
      await other.close();
      await other.open();
      assert.equal((await other.totals()).faces, 2);
      assert.ok(statSync(file).size > 0, 'the copy stays');
    });

    void it('that are not whole change nothing', async (t) => {
      const { store, folder } = await setUp(t);
      await store.addFace(newFace('Ada', 1), LIMITS);
      const good = path.join(folder, 'good');
      await store.backup(good, never);
      const bytes = readFileSync(good);
      const files: [string, Uint8Array][] = [
        ['empty', new Uint8Array()],
        ['nonsense', new Uint8Array(20_000).fill(120)],
        ['cut short', bytes.subarray(0, Math.floor(bytes.length / 2))],
      ];
      for (const [what, content] of files) {
        const file = path.join(folder, what);
        writeFileSync(file, content);
        await refusedAs('invalid_argument', store.replace(file));
      }
      await refusedAs('invalid_argument', store.replace(path.join(folder, 'absent')));
      const [collection] = await store.collections();
      assert.ok(await store.subject(collection?.id ?? 0, 'Ada'));
      await store.addFace(newFace('Bob', 2), LIMITS);
      await isClean(store);
    });

    void it('are not made for one who has gone', async (t) => {
      const { store, folder } = await setUp(t);
      const file = path.join(folder, 'copy');
      await assert.rejects(store.backup(file, AbortSignal.abort()));
      assert.equal(statSync(file, { throwIfNoEntry: false }), undefined);
    });
  });
}
