import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { readInvocation } from '../../../src/cli/command.ts';
import { createPeopleReembed } from '../../../src/cli/commands/people-reembed.ts';
import type { Reembed, Reembedding } from '../../../src/contract/reembed.ts';
import { fakeReembedding, REEMBED } from '../../http/support/people.ts';
import { jsonLines, run, screen } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('begins, is looked at and cancelled', async (t) => {
  const reembedding = fakeReembedding();
  const { socketPath } = await fakeServer(t, { reembedding });
  const ours = (...args: string[]) => run(['people', 'reembed', ...args, '--socket', socketPath]);
  assert.deepEqual(await ours('status'), { code: 0, out: 'nothing is being embedded anew\n', err: '' });
  assert.equal((await ours('cancel')).out, 'nothing is being embedded anew\n');
  const begun = await ours('other', '--model', 'recognizer');
  assert.deepEqual(
    [begun.code, begun.out],
    [0, 'recognizer/other (omz-0095 → other-512): 1 of 4 faces are embedded\n'],
  );
  assert.deepEqual(reembedding.calls, [{ model: 'recognizer', version: 'other' }]);
  assert.equal((await ours('status')).code, 0);
  assert.deepEqual(jsonLines((await ours('status', '--json')).out), [REEMBED]);
  const cancelled = await ours('cancel');
  assert.deepEqual([cancelled.code, cancelled.out.includes('cancelled after 1 of 4 faces')], [0, true]);
  for (const args of [[], ['a', 'b'], ['status', '--model', 'x']]) assert.equal((await ours(...args)).code, 2);
});

/** Each look finds the next of them. */
function going(...states: Partial<Reembed>[]): Reembedding {
  const left = [...states];
  let now: Reembed = REEMBED;
  return {
    start: async () => now,
    status: () => {
      now = { ...now, ...left.shift() };
      return now;
    },
    cancel: async () => now,
  };
}

it('--wait shows how far it is, and the exit code whether everybody is there', async (t) => {
  const missing = [{ collection: 'default', subject: 'Anna', faces: 2 }];
  for (const [end, code, told] of [
    [
      { state: 'ready' },
      0,
      /ready, 4 of 4 faces are embedded; next: facepool promote recognizer\nbefore that, facepool rollback recognizer .* deletes these embeddings with it\n$/,
    ],
    [
      { state: 'ready', done: 0, total: 0 },
      0,
      /ready, 0 of 0 faces are embedded; next: facepool swap recognizer other\n$/,
    ],
    [
      { state: 'ready', missing },
      1,
      /1 person has no crop and must be enrolled again:\nCOLLECTION .*\ndefault +Anna +2\n$/,
    ],
    [{ state: 'failed', detail: 'it went wrong' }, 1, /failed after 4 of 4 faces\nit went wrong\n$/],
  ] satisfies [Partial<Reembed>, number, RegExp][]) {
    const { socketPath } = await fakeServer(t, { reembedding: going({ done: 2 }, { done: 4 }, end) });
    const waits: number[] = [];
    const command = createPeopleReembed(async (ms) => void waits.push(ms));
    let [out, err] = ['', ''];
    const stdout = screen(false, (text) => {
      out += text;
    });
    const stderr = screen(true, (text) => {
      err += text;
    });
    const io = { stdin: new PassThrough(), stdout, stderr, env: {}, cwd: '/' };
    assert.equal(await command.run(readInvocation(command, ['other', '--wait', '--socket', socketPath], io)), code);
    assert.match(out, told);
    assert.deepEqual(waits, [1000, 1000, 1000]);
    assert.match(err, / 25 % {2}1 of 4 faces[^]* 50 % {2}2 of 4 faces[^]*100 % {2}4 of 4 faces/);
    assert.ok(err.endsWith('\r\u001b[2K'), 'the bar is taken away');
  }
});
