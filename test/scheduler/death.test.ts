import assert from 'node:assert/strict';
import test from 'node:test';
import { EXIT_POISONED } from '../../src/contract/protocol.ts';
import { chargesRequest, classifyDeath, describeDeath } from '../../src/scheduler/death.ts';
import type { Death, DeathClass } from '../../src/scheduler/death.ts';

const death = (part: Partial<Death>): Death => ({ code: null, signal: null, hang: false, asked: false, ...part });

const TABLE: readonly (readonly [Partial<Death>, DeathClass, boolean])[] = [
  [{ signal: 'SIGSEGV' }, 'crash', true],
  [{ signal: 'SIGABRT' }, 'crash', true],
  [{ signal: 'SIGBUS' }, 'crash', true],
  [{ signal: 'SIGILL' }, 'crash', true],
  [{ signal: 'SIGKILL' }, 'killed', false],
  [{ signal: 'SIGTERM' }, 'killed', false],
  [{ signal: 'SIGKILL', hang: true }, 'hang', true],
  [{ code: 1 }, 'exit', true],
  [{ code: 0 }, 'exit', true],
  [{ code: EXIT_POISONED }, 'poisoned', false],
  [{ code: EXIT_POISONED, hang: true }, 'hang', true],
  [{ code: EXIT_POISONED, asked: true }, 'asked', false],
  [{ code: 0, asked: true }, 'asked', false],
  [{ signal: 'SIGKILL', asked: true }, 'asked', false],
  [{ signal: 'SIGABRT', outOfMemory: true }, 'oom', false],
  [{ signal: 'SIGTRAP', outOfMemory: true }, 'oom', false],
  [{ code: 134, outOfMemory: true }, 'oom', false],
  [{ signal: 'SIGKILL', outOfMemory: true }, 'killed', false],
  [{ signal: 'SIGKILL', hang: true, outOfMemory: true }, 'hang', true],
  [{ signal: 'SIGKILL', broken: 'golden probe failed' }, 'quarantined', false],
  [{ signal: 'SIGKILL', broken: null }, 'killed', false],
  [{ signal: 'SIGKILL', broken: 'drifted', asked: true }, 'asked', false],
];

for (const [part, kind, charged] of TABLE) {
  test(`${JSON.stringify(part)} is "${kind}" and ${charged ? 'counts' : 'does not count'} against the request`, () => {
    assert.equal(classifyDeath(death(part)), kind);
    assert.equal(chargesRequest(kind), charged);
  });
}

test('a death is described by class and signal or exit code', () => {
  assert.equal(describeDeath(death({ signal: 'SIGSEGV' })), 'crash (SIGSEGV)');
  assert.equal(describeDeath(death({ code: 7 })), 'exit (exit code 7)');
  assert.equal(describeDeath(death({ signal: 'SIGABRT', outOfMemory: true })), 'oom (out of memory, SIGABRT)');
  assert.equal(describeDeath(death({ signal: 'SIGKILL', broken: 'drifted' })), 'quarantined (drifted)');
  assert.equal(describeDeath(death({ code: EXIT_POISONED })), 'poisoned (device error, exit code 86)');
});
