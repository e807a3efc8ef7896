import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeXid } from '../../src/telemetry/event-xid.ts';

describe('Xid errors in words', () => {
  it('have a meaning and an advice for the common ones', () => {
    const common = [13, 31, 43, 45, 48, 61, 62, 63, 64, 74, 79, 92, 94, 95, 119, 120];
    const texts = common.map((xid) => describeXid(xid));
    assert.equal(new Set(texts.map(({ meaning }) => meaning)).size, common.length, 'each has its own meaning');
    for (const { meaning, advice } of texts) assert.ok(meaning.length > 15 && advice.length > 15, meaning);
  });

  it('tell a program’s fault from the card’s', () => {
    assert.deepEqual(
      [13, 31, 43, 45].map((xid) => describeXid(xid).program),
      [true, true, true, true],
    );
    assert.deepEqual(
      [48, 64, 79, 95, 119].map((xid) => describeXid(xid).program),
      [false, false, false, false, false],
    );
    assert.match(describeXid(79).meaning, /fell off the bus/);
  });

  it('say so where a number is not known', () => {
    assert.match(describeXid(999).meaning, /without a number/);
    assert.match(describeXid(7777).meaning, /not in our list/);
    assert.match(describeXid(7777).advice, /NVIDIA/);
  });
});
