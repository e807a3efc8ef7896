import assert from 'node:assert/strict';
import { it } from 'node:test';
import { outOfMemory, repeatedCrashes, thrash } from '../../../src/telemetry/insight/incidents.ts';
import { type InsightContext, windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, event, GiB, history, type HistoryPlan, model } from './support.ts';

const look = (plan: HistoryPlan, context: InsightContext = CONTEXT) => windowOf(history(plan), context);

it('three crashes of one worker', () => {
  const crash = (second: number, name: string) => event(second, 'crash', name, `${name} died of SIGSEGV`);
  const events = [crash(10, 'detector'), crash(11, 'imaging'), crash(20, 'detector'), crash(70, 'detector')];
  const [one, ...more] = repeatedCrashes(look({ events }));
  assert.deepEqual([one?.code, one?.severity, one?.subject, more], ['repeated_crashes', 'error', 'detector', []]);
  assert.equal(
    one?.text,
    'detector crashed 3 times between 10:00:10 UTC and 10:01:10 UTC. The last time: detector died of SIGSEGV. What it said: facepool logs detector',
  );
  assert.deepEqual([one?.from, one?.to], ['2026-11-21T10:00:10.000Z', '2026-11-21T10:01:10.000Z']);
  assert.deepEqual(repeatedCrashes(look({ events: events.slice(0, 3) })), []);
});

it('out of memory, with what it needs', () => {
  const events = [event(5, 'oom', 'recognizer', 'recognizer: out of memory.'), event(9, 'oom', null)];
  const context = { cores: 4, models: [model('recognizer', { estimateBytes: 2 * GiB })] };
  const [one, ...more] = outOfMemory(look({ events }, context));
  assert.deepEqual([one?.code, one?.numbers, more], ['out_of_memory', { times: 1, needed: 2 * GiB }, []]);
  assert.match(
    one?.text ?? '',
    /ran out of memory once, last at 10:00:05 UTC: recognizer: out of memory\. By its manifest it needs 2\.0 GiB\. Unload/,
  );
});

const turns = (reason: string) =>
  [10, 20, 30, 40].flatMap((second) => [
    event(second, 'ready', 'liveness'),
    { ...event(second + 5, 'evict', 'liveness'), details: { reason } },
  ]);
const TURNS = turns('room for recognizer');

it('models that push each other out: the budget that is missing', () => {
  const plan: HistoryPlan = {
    gpus: { 'GPU-1': { budget: 4 * GiB } },
    workers: { detector: { reserved: 2 * GiB }, recognizer: { reserved: 2 * GiB }, liveness: { reserved: null } },
    events: TURNS,
  };
  const context = { cores: 4, models: [model('liveness', { estimateBytes: GiB, reservedBytes: 0 })] };
  const [one, ...more] = thrash(look(plan, context));
  assert.deepEqual([one?.code, one?.severity, one?.subject, more], ['thrash', 'warning', 'liveness', []]);
  assert.match(one?.text ?? '', /^liveness was unloaded for other models 4 times and loaded again 4 times\. /);
  assert.match(one?.text ?? '', /need 5\.0 GiB together and may take 4\.0 GiB: 1\.0 GiB more and all of them stay\./);
  assert.deepEqual(one?.numbers, { evictions: 4, loads: 4, needed: 5 * GiB, budget: 4 * GiB, missing: GiB });
});

it('where the budget is not the reason, or not known, it names no figure', () => {
  const roomy = { gpus: { 'GPU-1': { budget: 9 * GiB } }, workers: { liveness: { reserved: GiB } }, events: TURNS };
  assert.match(thrash(look(roomy))[0]?.text ?? '', /4 times\. Give them a larger budget/);
  assert.equal(thrash(look({ events: TURNS }))[0]?.numbers['missing'], undefined);
});

it('only what others took counts: not a model that was idle, or that somebody unloaded', () => {
  const count = (reason: string): number => thrash(look({ events: turns(reason) })).length;
  const forOthers = ['room for detector', 'others took the memory', 'out of memory while loading detector'];
  assert.deepEqual(forOthers.map(count), [1, 1, 1]);
  assert.deepEqual(['idle for 300 s', 'unloaded by an operator', ''].map(count), [0, 0, 0]);
});

it('twice is no thrash, and to be unloaded for good is none', () => {
  assert.deepEqual(thrash(look({ events: TURNS.slice(0, 4) })), []);
  const evictions = TURNS.filter(({ type }) => type === 'evict');
  assert.deepEqual(thrash(look({ events: evictions })), []);
});
