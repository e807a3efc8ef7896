import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERASING, isRead, isWrite, READS, STRICT_READS, WRITES } from '../../../src/gallery/store/operations.ts';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';

describe('the operations', () => {
  it('are all those of the store, each a read or a change', () => {
    const alone = ['open', 'close', 'replace', 'backup'];
    const store = createSqliteStore({ file: '/dev/null/never-opened', key: null });
    assert.deepEqual(Object.keys(store).sort(), [...Object.keys(READS), ...Object.keys(WRITES), ...alone].sort());
    assert.deepEqual(
      Object.keys(READS).filter((name) => isWrite(name) || !isRead(name)),
      [],
    );
    assert.ok(!isRead('toString') && !isWrite('constructor') && !isRead('backup'));
  });

  it('that take something of a person away wait until it has left the disk', () => {
    const adding = ['createCollection', 'createSubject', 'addFace', 'addVectors', 'completeSpace', 'preferSpace'];
    assert.deepEqual(
      [...ERASING].sort(),
      Object.keys(WRITES)
        .filter((name) => !adding.includes(name))
        .sort(),
    );
    for (const name of STRICT_READS) assert.ok(isRead(name));
  });
});
