import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { type DrawnStep, stepLine, StepLines } from '../../src/cli/step-lines.ts';
import { screen } from './support/run.ts';

function drawn(tty: boolean) {
  let text = '';
  const stderr = screen(tty, (more) => {
    text += more;
  });
  const io: Io = { stdin: new PassThrough(), stdout: stderr, stderr, env: { NO_COLOR: '1' }, cwd: '/' };
  return { lines: new StepLines(io), text: () => text };
}

const load: DrawnStep = { step: 'load', ms: 412, detail: 'a.onnx' };
const back: DrawnStep = { step: 'memory_back', ms: null, detail: '' };

it('a step is a line with its time', () => {
  assert.equal(stepLine(load), '  load           412 ms  a.onnx');
  assert.equal(stepLine(back), '  memory back         …');
  assert.equal(stepLine({ ...load, detail: 'a\u001b[31m' }), '  load           412 ms  a?[31m');
});

it('each is printed once, when it has ended', () => {
  const { lines, text } = drawn(false);
  lines.show([{ ...load, ms: null }]);
  lines.show([load, back]);
  lines.show([load, { ...back, ms: 3 }]);
  lines.show([load, { ...back, ms: 3 }]);
  lines.clear();
  assert.equal(text(), '  load           412 ms  a.onnx\n  memory back      3 ms\n');
});

it('on a terminal the one that runs is there too, and goes away again', () => {
  const { lines, text } = drawn(true);
  lines.show([{ ...load, ms: null, detail: 'x'.repeat(500) }]);
  assert.equal(text().length, 119);
  assert.ok(text().endsWith('…'));
  lines.show([load]);
  assert.ok(text().endsWith('\r\u001b[K  load           412 ms  a.onnx\n'));
  lines.show([load, back]);
  lines.clear();
  lines.clear();
  assert.ok(text().endsWith('  memory back         …\r\u001b[K'));
});
