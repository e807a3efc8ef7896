import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Watch, type Trial } from '../../src/rollout/watch.ts';
import { settle } from '../fixtures/fake-process.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

function watch() {
  const clock = new ManualClock();
  const watched = new Watch(clock, testSettings('/nowhere').rollout);
  const told: string[] = [];
  const trial = (given: Partial<Trial> = {}): Trial => ({
    key: 'detector trial',
    fault: () => null,
    stable: () => [],
    candidate: () => [],
    compared: () => ({ count: 0, differing: 0 }),
    until: Number.POSITIVE_INFINITY,
    onWorse: async (reason) => void told.push(reason),
    ...given,
  });
  const look = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      clock.advance(1000);
      await settle();
    }
  };
  return { clock, watched, told, trial, look };
}

it('tells once what is worse, and looks no more', async () => {
  const { watched, told, trial, look, clock } = watch();
  watched.begin(trial({ fault: () => 'it is failed: gone' }));
  await look(3);
  assert.deepEqual([told, clock.pending], [['it is failed: gone'], 0]);
});

it('looks again where nothing could be done', async () => {
  const { watched, told, trial, look } = watch();
  let refusals = 2;
  const onWorse = async (reason: string): Promise<void> => {
    if (refusals-- > 0) throw new Error('another swap goes on');
    told.push(reason);
  };
  watched.begin(trial({ fault: () => 'bad', onWorse }));
  await look(2);
  assert.deepEqual(told, []);
  await look(3);
  assert.deepEqual(told, ['bad']);
});

it('two trials of a model do not take each other’s place; one of the same key does', async () => {
  const { watched, told, trial, look } = watch();
  watched.begin(trial({ fault: () => 'the old trial' }));
  watched.begin(trial({ fault: () => 'the trial' }));
  watched.begin(trial({ key: 'detector switch', fault: () => 'the switch' }));
  await look(1);
  assert.deepEqual(told, ['the trial', 'the switch']);
});

it('ends with its time, with its key, and with the server', async () => {
  const { watched, told, trial, look, clock } = watch();
  let isBad = false;
  const fault = (): string | null => (isBad ? 'bad' : null);
  watched.begin(trial({ key: 'timed', until: 2000, fault }));
  watched.begin(trial({ key: 'ended', fault }));
  await look(2);
  watched.end('ended');
  isBad = true;
  await look(2);
  assert.deepEqual([told, clock.pending], [[], 0]);
  watched.close();
  watched.begin(trial({ fault }));
  assert.equal(clock.pending, 0);
});
