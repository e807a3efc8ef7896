import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import { checkRange, checkStep, sinceText } from '../../src/cli/time-flags.ts';

const NOW = Date.UTC(2026, 0, 10, 12);
const isUsage = (flag: string) => (error: unknown) =>
  error instanceof CliError && error.exitCode === 2 && error.message.startsWith(`--${flag} `);

it('a range is sent as it was written', () => {
  for (const range of [
    { from: '-1h', to: 'now' },
    { from: '2026-01-01', to: '2026-01-02T10:00' },
  ]) {
    assert.equal(checkRange(range, NOW), range);
  }
});

it('what is no time, and a range that goes back, are refused with the flag', () => {
  assert.throws(() => checkRange({ from: 'yesterday', to: 'now' }, NOW), isUsage('from'));
  assert.throws(() => checkRange({ from: '-1h', to: '2026-02-31' }, NOW), isUsage('to'));
  assert.throws(() => checkRange({ from: '-1h', to: '-2h' }, NOW), isUsage('from'));
  assert.throws(() => checkRange({ from: '-1h', to: '-1h' }, NOW), isUsage('from'));
});

it('a length of time is meant back from now', () => {
  assert.deepEqual(
    ['15m', '-2h', '2026-01-01', 'now'].map((text) => sinceText(text, NOW)),
    ['-15m', '-2h', '2026-01-01', 'now'],
  );
  for (const text of ['soon', '-15', '99999d', '']) {
    assert.throws(() => sinceText(text, NOW), isUsage('since'), text);
  }
});

it('a step is auto or seconds', () => {
  for (const text of [undefined, 'auto', '1', '86400']) checkStep(text);
  for (const text of ['0', 'x', '86401']) assert.throws(() => checkStep(text), isUsage('step'), text);
});
