import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Loaded } from '../../src/rollout/ports.ts';
import { proveVersion } from '../../src/rollout/prove.ts';
import { SwapLog } from '../../src/rollout/swap-log.ts';
import { settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const noMemory = new FacepoolError('memory_exhausted', 'full');
const LOADED: Loaded = { phasesMs: { create: 10, warm: 5, golden: 2 }, bytes: 80_000_000 };

function proof(loads: readonly (Loaded | FacepoolError)[], measured: readonly number[] = [9, 7, 8]) {
  const clock = new ManualClock();
  const record = new SwapLog(clock).begin(
    'detector',
    'v1',
    { version: 'v2', strategy: 'immediate', percent: 1 },
    'anna',
  );
  const left = [...loads];
  const stopped: string[] = [];
  const abort = new AbortController();
  const deps = {
    clock,
    settings: { rollout: { retries: 2 } },
    loads: null,
    ports: {
      load: async (
        _entry: string,
        _signal: AbortSignal,
        onState: (state: 'starting' | 'loading' | 'warming') => void,
      ) => {
        for (const state of ['starting', 'loading', 'warming'] as const) onState(state);
        const next = left.shift();
        if (next === undefined || next instanceof FacepoolError) throw next ?? new Error('asked too often');
        return next;
      },
      measure: async () => measured,
      stop: async (entry: string) => void stopped.push(entry),
    },
  };
  const done = proveVersion(deps, record, 'detector@v2', abort.signal);
  return { done, record, clock, stopped, abort, left };
}

const steps = ({ record }: ReturnType<typeof proof>) => record.swap.steps.map(({ step }) => step);

test('started, loaded, warmed, golden, measured', async () => {
  const p = proof([LOADED]);
  await p.done;
  assert.deepEqual(steps(p), ['start', 'load', 'warm', 'golden', 'measure']);
  assert.match(p.record.swap.steps.at(-1)?.detail ?? '', /8\.0 ms \(median of 3\)/);
  assert.match(p.record.swap.steps[2]?.detail ?? '', /80 MB/);
});

test('want of memory is tried again after 1, 2 … seconds, and then no more', async () => {
  const p = proof([noMemory, noMemory, noMemory]);
  p.done.catch(() => {});
  await settle();
  assert.equal(p.left.length, 2);
  p.clock.advance(999);
  await settle();
  assert.equal(p.left.length, 2);
  p.clock.advance(1);
  await settle();
  assert.equal(p.left.length, 1);
  p.clock.advance(2000);
  await assert.rejects(p.done, noMemory);
  assert.deepEqual([p.record.swap.attempts, p.stopped.length], [3, 2]);
});

test('a bad file stays bad', async () => {
  const p = proof([new FacepoolError('model_failed', 'golden probe failed'), LOADED]);
  await assert.rejects(p.done, /golden/);
  assert.equal(p.record.swap.attempts, 1);
});

test('who gives up while it waits is not kept', async () => {
  const p = proof([noMemory, LOADED]);
  p.done.catch(() => {});
  await settle();
  p.abort.abort(new FacepoolError('conflict', 'rolled back'));
  await assert.rejects(p.done, /rolled back/);
  assert.equal(p.left.length, 1);
});
