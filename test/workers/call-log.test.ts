import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { CallLog, SLOW_MS } from '../../workers/call-log.ts';

type Line = { readonly level: string; readonly msg: string; readonly [field: string]: unknown };

function setUp() {
  let now = 0;
  const lines: Line[] = [];
  const calls = new CallLog(
    (level, fields, msg) => lines.push({ level, msg, ...fields }),
    () => now,
  );
  const pass = (ms: number): void => {
    now += ms;
  };
  return { calls, lines, pass };
}

test('a call is a line at level debug: which, for which request, how long it waited and ran', () => {
  const { calls, lines, pass } = setUp();
  calls.arrived(1, 'infer', 'request-7');
  pass(2);
  calls.begun(1);
  pass(30.456);
  calls.answered(1);
  assert.deepEqual(lines, [
    { level: 'debug', msg: 'call', request_id: 'request-7', call: 'infer', wait_ms: 2, run_ms: 30.46 },
  ]);
  assert.equal(calls.open, 0);
});

test('a slow run of a request is a warning; a slow load is none', () => {
  const { calls, lines, pass } = setUp();
  calls.arrived(1, 'open', 'request-7');
  calls.arrived(2, 'load', undefined);
  calls.begun(1);
  calls.begun(2);
  pass(SLOW_MS);
  calls.answered(1);
  calls.answered(2);
  assert.deepEqual(
    lines.map(({ level, msg, request_id: id }) => [level, msg, id]),
    [
      ['warn', 'slow call', 'request-7'],
      ['debug', 'call', undefined],
    ],
  );
});

test('our failures are warnings, a client’s broken picture is none', () => {
  const { calls, lines } = setUp();
  const errors = [
    new FacepoolError('model_failed', 'no'),
    new TypeError('bug'),
    new FacepoolError('image_undecodable', 'half a picture'),
  ];
  for (const [id, error] of errors.entries()) {
    calls.arrived(id, 'open', `request-${id}`);
    calls.begun(id);
    calls.failed(id, error);
  }
  assert.deepEqual(
    lines.map(({ level, msg, request_id: id, err }) => [level, msg, id, err]),
    [
      ['warn', 'call failed', 'request-0', errors[0]],
      ['warn', 'call failed', 'request-1', errors[1]],
      ['debug', 'call failed', 'request-2', errors[2]],
    ],
  );
});

test('an abandoned call is over when it had not begun, else when it is answered; nobody’s failure either way', () => {
  const { calls, lines } = setUp();
  calls.arrived(1, 'infer', 'a');
  calls.abandoned(1);
  calls.arrived(2, 'infer', 'b');
  calls.begun(2);
  calls.abandoned(2);
  assert.equal(calls.open, 1);
  calls.failed(2, new FacepoolError('deadline_exceeded', 'the call was abandoned'));
  assert.equal(calls.open, 0);
  assert.deepEqual(
    lines.map(({ level, msg, request_id: id }) => [level, msg, id]),
    [
      ['debug', 'call abandoned', 'a'],
      ['debug', 'call failed', 'b'],
    ],
  );
});

test('a call that ends the process is an error with its request, known or not', () => {
  const { calls, lines } = setUp();
  const error = new Error('an illegal memory access was encountered');
  calls.arrived(1, 'infer', 'request-7');
  calls.begun(1);
  calls.fatal(1, error);
  calls.fatal(9, error);
  assert.deepEqual(
    lines.map(({ level, request_id: id, err }) => [level, id, err]),
    [
      ['error', 'request-7', error],
      ['error', undefined, error],
    ],
  );
});

test('calls that it never heard of, and pings, are no lines', () => {
  const { calls, lines } = setUp();
  calls.begun(1);
  calls.answered(1);
  calls.failed(2, new Error('x'));
  calls.abandoned(3);
  assert.deepEqual(lines, []);
});
