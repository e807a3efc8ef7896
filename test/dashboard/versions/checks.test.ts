import assert from 'node:assert/strict';
import { it } from 'node:test';
import { STAGE_STEPS } from '../../../src/contract/versions.ts';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import { afterFailure, afterProgress, freshChecks, isVerdict } from '../../../src/dashboard/public/versions/checks.js';

const problem = (over: Partial<{ status: number; code: string; param: string }>) =>
  new ApiError({ status: 400, code: 'invalid_argument', detail: 'no', ...over });
const states = (checks: ReturnType<typeof freshChecks>) => checks.map(({ state }) => state);

it('has a line for every step that there is', () => {
  assert.equal(freshChecks().length, STAGE_STEPS.length);
  assert.ok(freshChecks().every(({ label, state }) => label !== '' && state === 'waiting'));
});

it('follows the steps, and stops where one fails', () => {
  let checks = afterProgress(freshChecks(), { step: 'check', ms: 2, detail: '' });
  checks = afterProgress(checks, { step: 'receive', ms: 11, detail: '2 MiB' });
  checks = afterProgress(checks, { step: 'inspect', ms: null, detail: '' });
  assert.deepEqual(states(checks), ['done', 'done', 'running', 'waiting', 'waiting', 'waiting']);
  checks = afterFailure(checks, 'it has no output', problem({ status: 502, code: 'model_failed' }));
  assert.deepEqual(states(checks), ['done', 'done', 'failed', 'skipped', 'skipped', 'skipped']);
  assert.equal(checks[2]?.detail, 'it has no output');
});

it('knows by the reason where an upload was refused that has told no steps', () => {
  const failedAt = (over: Parameters<typeof problem>[0]) =>
    states(afterFailure(freshChecks(), 'no', problem(over))).indexOf('failed');
  assert.equal(failedAt({ param: 'manifest' }), 0);
  assert.equal(failedAt({ status: 409, code: 'conflict', param: 'version' }), 0);
  assert.equal(failedAt({ param: 'a.onnx' }), 1);
  assert.equal(failedAt({ status: 413, code: 'payload_too_large' }), 1);
  assert.deepEqual(states(afterFailure(freshChecks(), 'no', problem({ param: 'a.onnx' }))).slice(0, 3), [
    ...['done', 'failed', 'skipped'],
  ]);
});

it('takes a missing key, connection or place for no verdict', () => {
  assert.deepEqual(
    [401, 403, 429, 0].map((status) => isVerdict(problem({ status }))),
    [false, false, false, false],
  );
  assert.deepEqual([isVerdict(new Error('x')), isVerdict(problem({}))], [false, true]);
});
