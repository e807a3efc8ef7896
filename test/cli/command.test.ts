import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { type Command, readInvocation, takeWords } from '../../src/cli/command.ts';

const command: Command = {
  name: 'try',
  words: '',
  summary: '',
  options: { lines: { type: 'string', short: 'n', help: '' }, follow: { type: 'boolean', short: 'f', help: '' } },
  run: () => Promise.resolve(0),
};
const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {}, cwd: '/' };

describe('readInvocation', () => {
  it('reads words and flags in any order; the last value wins; -- ends flags', () => {
    const read = readInvocation(
      command,
      ['a', '-n', '1', '-f', '--lines=2', '--set', 'x=1', '--set', 'y=2', '--', '-b'],
      io,
    );
    assert.deepEqual(read.words, ['a', '-b']);
    assert.equal(read.text('lines'), '2');
    assert.equal(read.flag('follow'), true);
    assert.equal(read.flag('json'), false);
    assert.equal(read.text('socket'), undefined);
    assert.deepEqual(read.texts('set'), ['x=1', 'y=2']);
  });

  it('takes a time that begins with a minus as a value', () => {
    const read = readInvocation(command, ['--lines', '-15m', '-n', '3', '--follow', '--', '--lines', '-2h'], io);
    assert.deepEqual([read.text('lines'), read.flag('follow'), read.words], ['3', true, ['--lines', '-2h']]);
    assert.equal(readInvocation(command, ['--lines', '-15m'], io).text('lines'), '-15m');
    for (const args of [
      ['--lines', '-f'],
      ['--follow', '-1h'],
    ]) {
      assert.throws(() => readInvocation(command, args, io), { exitCode: 2 });
    }
  });

  it('takes - as a word', () => assert.deepEqual(readInvocation(command, ['-'], io).words, ['-']));

  const table: [string, string[], RegExp][] = [
    ['unknown', ['--folow'], /^unknown flag --folow \(did you mean "--follow"\?\); see: facepool help try$/],
    ['unknown short', ['-x'], /^unknown flag -x.*; see: facepool help try$/],
    ['no value', ['--lines'], /--lines.*argument missing; see: facepool help try$/],
    ['a value too many', ['--follow=yes'], /--follow.*does not take an argument; see: facepool help try$/],
  ];
  for (const [name, args, message] of table) {
    it(`refuses: ${name}`, () => assert.throws(() => readInvocation(command, args, io), { exitCode: 2, message }));
  }
});

it('takeWords refuses too few and too many', () => {
  takeWords('try', ['a'], 1, 2, 'a word');
  assert.throws(() => takeWords('try', [], 1, 2, 'a word'), { exitCode: 2, message: /^try needs a word; see/ });
  assert.throws(() => takeWords('try', ['a', 'b', 'c'], 1, 2, 'a word'), {
    exitCode: 2,
    message: /"c" is one word too many/,
  });
});
