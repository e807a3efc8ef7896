import assert from 'node:assert/strict';
import { it } from 'node:test';
import { markLines, marksOf } from '../../../src/dashboard/public/system/marks.js';
import { madeUpEvents } from '../support/made-up.ts';

const END = Date.UTC(2026, 10, 3, 12) / 1000;
const events = madeUpEvents(END);

it('marks the events of a range; those too near to each other stand together as the worst of them', () => {
  const marks = marksOf(events, END - 300, END, 5);
  assert.deepEqual(
    marks.map((mark) => [Math.round(END - mark.t), mark.severity, mark.events.length]),
    [
      [240, 'warning', 1],
      [100, 'error', 2],
      [88, 'info', 1],
    ],
  );
  assert.deepEqual(marksOf(events, END - 50, END, 5), []);
});

it('says what happened at a mark, and cuts a crowd short', () => {
  const [crash] = marksOf(events, END - 101, END - 99, 5);
  assert.ok(crash !== undefined);
  const lines = markLines(crash, END);
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d Error: recognizer was ended by SIGKILL/);
  const crowd = { ...crash, events: Array.from({ length: 20 }, () => crash.events[0]!) };
  assert.deepEqual([markLines(crowd, END).length, markLines(crowd, END)[0]], [7, '14 earlier events here']);
});
