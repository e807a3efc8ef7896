import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { readInvocation } from '../../src/cli/command.ts';
import { confirm, YES_OPTION } from '../../src/cli/confirm.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { screen } from './support/run.ts';

function asked(args: readonly string[], tty: boolean, answer: string | null) {
  let shown = '';
  const stdin = Object.assign(new PassThrough(), { isTTY: tty });
  const stderr = screen(tty, (text) => {
    shown += text;
  });
  if (answer === null) stdin.end();
  else stdin.write(answer);
  const io = { stdin, stdout: stderr, stderr, env: {}, cwd: '/' };
  const command = { name: 'rm', words: '', summary: '', options: YES_OPTION, run: async () => EXIT.ok };
  const result = confirm(readInvocation(command, args, io), 'rm', 'this deletes \u001banna');
  return result.then((yes) => ({ yes, shown }));
}

it('goes on after a yes only', async () => {
  for (const answer of ['y\n', 'YES\n', ' yes \n']) assert.equal((await asked([], true, answer)).yes, true, answer);
  for (const answer of ['n\n', '\n', 'yep\n', 'no\n']) {
    const { yes, shown } = await asked([], true, answer);
    assert.equal(yes, false, answer);
    assert.equal(shown, 'this deletes ?anna. Go on? [y/N] nothing was changed\n');
  }
  const { yes, shown } = await asked([], true, null);
  assert.equal(yes, false, 'the terminal was closed');
  assert.match(shown, /\[y\/N\] \nnothing was changed\n$/);
});

it('--yes is not asked', async () => {
  for (const flag of ['--yes', '-y']) assert.deepEqual(await asked([flag], true, null), { yes: true, shown: '' });
  assert.equal((await asked(['--yes'], false, null)).yes, true);
});

it('where nobody can be asked it is a usage error, whatever comes on standard input', async () => {
  await assert.rejects(asked([], false, 'y\n'), {
    exitCode: EXIT.usage,
    message: 'this deletes \u001banna; rm needs --yes where nobody can be asked',
  });
});
