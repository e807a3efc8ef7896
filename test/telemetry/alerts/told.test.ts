import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { openTold, subjectOf } from '../../../src/telemetry/alerts/told.ts';
import { type WebhookAlert, webhookAlert } from '../../../src/telemetry/alerts/webhook-payload.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

function alert(endsAt: number | null = null, over: Partial<Record<'subject' | 'url', string>> = {}): WebhookAlert {
  const { subject = 'GPU-1', url = 'http://a:8080' } = over;
  const same = { rule: 'hot', metric: 'temperature', severity: 'warning', value: 90, text: 'hot' };
  return webhookAlert({ ...same, subject, startsAt: 1000, endsAt }, url);
}

function open(t: TestContext, receivers = 2, file = path.join(tempDir(t), 'sub', 'told.json')) {
  const clock = new ManualClock();
  const troubles: string[] = [];
  const onTrouble = (what: string): void => void troubles.push(what);
  const again = () => openTold(file, { clock, receivers, onTrouble });
  return { file, clock, troubles, again, told: again() };
}

it('an end is kept until every receiver has it', (t) => {
  const { told, again, clock } = open(t);
  told.add([alert(), alert(null, { subject: 'GPU-2' })]);
  assert.deepEqual(
    again()
      .list()
      .map((one) => [subjectOf(one.alert), one.settled]),
    [
      [{ rule: 'hot', subject: 'GPU-1' }, false],
      [{ rule: 'hot', subject: 'GPU-2' }, false],
    ],
  );
  for (const receiver of [0, 1]) told.settled(receiver, [alert()]);
  clock.advance(1000);
  assert.deepEqual(
    again()
      .list()
      .map(({ settled }) => settled),
    [true, false],
  );
  told.add([alert(5000)]);
  told.settled(0, [alert(5000)]);
  told.settled(0, [alert(5000)]);
  // Word of the begin comes late: the end is still to be heard.
  told.settled(1, [alert()]);
  clock.advance(1000);
  assert.deepEqual(again().list()[0], { alert: alert(5000), settled: false });
  told.settled(1, [alert(5000)]);
  clock.advance(1000);
  assert.deepEqual(
    again()
      .list()
      .map((one) => subjectOf(one.alert).subject),
    ['GPU-2'],
  );
});

it('an alert keeps its labels under a new address; another firing has its own', (t) => {
  const { told, again } = open(t);
  told.add([alert()]);
  const moved = alert(5000, { url: 'http://b:9090' });
  assert.deepEqual(again().asTold(moved), { ...alert(5000), generatorURL: moved.generatorURL });
  const later = { ...moved, startsAt: '2030-01-01T00:00:00.000Z' };
  assert.equal(told.asTold(later), later);
});

it('writes what changes, and at most once a second', (t) => {
  const { told, file, clock } = open(t);
  told.add([alert()]);
  const first = readFileSync(file, 'utf8');
  for (let i = 0; i < 10; i += 1) {
    told.add([alert(5000)]);
    told.add([alert()]);
  }
  told.add([alert(5000)]);
  assert.equal(readFileSync(file, 'utf8'), first);
  clock.advance(1000);
  assert.match(readFileSync(file, 'utf8'), /"resolved"/);
  writeFileSync(file, first);
  told.add([alert(5000)]);
  clock.advance(5000);
  assert.equal(readFileSync(file, 'utf8'), first, 'nothing was new');
  told.add([alert()]);
  told.add([alert(6000)]);
  told.close();
  assert.match(readFileSync(file, 'utf8'), /"resolved"/);
  assert.equal(clock.pending, 0);
});

it('a file that cannot be read or written is told once', (t) => {
  const { told, troubles, clock } = open(t, 1, '/dev/null/x/told.json');
  assert.equal(troubles.length, 1);
  told.add([alert()]);
  clock.advance(1000);
  told.add([alert(5000)]);
  assert.equal(troubles.length, 2);
  assert.equal(told.list().length, 1);
  const file = path.join(tempDir(t), 'told.json');
  writeFileSync(file, '{"version":1,"told":[{"alert":{},"settled":true}]}');
  const wrong = open(t, 1, file);
  assert.deepEqual([wrong.told.list(), wrong.troubles.length], [[], 1]);
});
