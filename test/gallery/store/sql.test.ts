import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { bytesOf, numberOf, numberOrNull, Sql, textOf, textOrNull } from '../../../src/gallery/store/sql.ts';

describe('a connection', () => {
  it('keeps its statements and tells what they changed', (t) => {
    const sql = new Sql(new DatabaseSync(':memory:'));
    t.after(() => sql.db.close());
    sql.db.exec('CREATE TABLE a (x)');
    for (const x of [1, 2, 3]) assert.equal(sql.run('INSERT INTO a (x) VALUES (?)', x), 1);
    assert.equal(sql.run('UPDATE a SET x = x + 1 WHERE x > ?', 1), 2);
    assert.equal(sql.number('SELECT sum(x) FROM a'), 8);
    assert.deepEqual(
      sql.all('SELECT x FROM a ORDER BY x').map((row) => row['x']),
      [1, 3, 4],
    );
    assert.equal(sql.get('SELECT x FROM a WHERE x = ?', 9), undefined);
    assert.throws(() => sql.number('SELECT x FROM a WHERE x = 9'), { code: 'people_unavailable' });
  });

  it('says so where a column is not what it should be', () => {
    assert.deepEqual([numberOf(1), numberOrNull(null), textOf('a'), textOrNull(undefined)], [1, null, 'a', null]);
    const bytes = Uint8Array.of(1);
    assert.equal(bytesOf(bytes), bytes);
    for (const wrong of [() => numberOf('1'), () => textOf(1), () => bytesOf('x'), () => numberOf(null)]) {
      assert.throws(wrong, { code: 'people_unavailable', message: /damaged/ });
    }
  });
});
