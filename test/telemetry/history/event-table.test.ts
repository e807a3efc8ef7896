import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { EventQuery, StoredEvent } from '../../../src/contract/history.ts';
import { EventRing } from '../../../src/telemetry/event-ring.ts';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import { EventTable } from '../../../src/telemetry/history/event-table.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { START } from './support.ts';

const ALL: EventQuery = { afterId: null, from: null, to: null, types: null, limit: 100 };

function event(n: number): StoredEvent {
  return {
    id: `${START + n * 1000}-0000`,
    at: new Date(START + n * 1000).toISOString(),
    type: n % 3 === 0 ? 'crash' : 'start',
    severity: 'error',
    subject: n % 2 === 0 ? null : `model-${n}`,
    text: `event ${n}, it’s "quoted"`,
    details: { n, yes: true, nothing: null, reason: 'x' },
  };
}

function tableOf(t: TestContext, count: number): EventTable {
  const db = openDatabase(path.join(tempDir(t), 'history.db'));
  t.after(() => db.close());
  const table = new EventTable(db);
  for (let n = 0; n < count; n++) table.add(event(n));
  return table;
}

describe('stored events', () => {
  it('come back as they were, each once', (t) => {
    const table = tableOf(t, 3);
    table.add(event(1));
    assert.deepEqual(table.select(ALL), [event(0), event(1), event(2)]);
    assert.equal(table.count(), 3);
    assert.equal(table.lastId(), event(2).id);
    assert.equal(tableOf(t, 0).lastId(), null);
  });

  it('answer every question as memory does', (t) => {
    const table = tableOf(t, 30);
    const ring = new EventRing(100);
    for (let n = 0; n < 30; n++) ring.add(event(n));
    const queries: EventQuery[] = [
      ALL,
      { ...ALL, limit: 7 },
      { ...ALL, limit: 0 },
      { ...ALL, afterId: event(20).id },
      { ...ALL, afterId: event(20).id, limit: 3 },
      { ...ALL, from: START + 5000, to: START + 9000 },
      { ...ALL, types: ['crash'], limit: 4 },
      { ...ALL, types: [] },
      { ...ALL, afterId: event(3).id, from: START + 8000, to: START + 20_000, types: ['start', 'crash'] },
    ];
    for (const query of queries) assert.deepEqual(table.select(query), ring.select(query), JSON.stringify(query));
    assert.equal(table.select(queries[5] ?? ALL).length, 4);
  });

  it('go by age, and the oldest first', (t) => {
    const table = tableOf(t, 10);
    table.deleteBefore(START + 4000);
    assert.equal(table.select(ALL)[0]?.text, event(4).text);
    assert.equal(table.deleteOldest(2), 2);
    assert.equal(table.select(ALL)[0]?.text, event(6).text);
    assert.equal(table.deleteOldest(100), 4);
  });
});
