/** What ends an import before its end, and what is only waited for. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { readInvocation } from '../../../src/cli/command.ts';
import { createPeopleImport } from '../../../src/cli/commands/people-import.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { folderOf, importServer } from '../support/import.ts';
import { peopleServer, pictures } from '../support/people.ts';
import { run, screen } from '../support/run.ts';

/** Runs it with waits that are counted, and with `interrupt()` as Ctrl-C. */
function watched(socketPath: string, dir: string, args: readonly string[]) {
  const waits: number[] = [];
  let shown = '';
  let act: (() => void) | undefined;
  const to = screen(false, (text) => {
    shown += text;
  });
  const io = {
    stdin: new PassThrough(),
    stdout: to,
    stderr: to,
    env: {},
    cwd: dir,
    onInterrupt: (on: () => void) => {
      act = on;
      return () => {
        act = undefined;
      };
    },
  };
  const command = createPeopleImport(async (ms) => void waits.push(ms));
  const code = command.run(readInvocation(command, ['people', '--socket', socketPath, ...args], io));
  return { code, waits, shown: () => shown, interrupt: () => act?.(), isListening: () => act !== undefined };
}

it('waits for a server that is busy, as long as it says', async (t) => {
  const { socketPath, dir, sent } = await importServer(t);
  folderOf(dir, 1);
  pictures(dir, 'people/p0/busy-1.jpg');
  const { code, waits, shown } = watched(socketPath, dir, []);
  assert.equal(await code, 0);
  assert.deepEqual([waits, sent.get('busy people/p0/busy-1.jpg')], [[7000], 2]);
  assert.match(shown(), /queue_full: busy; trying again in 7 s\n/);
});

it('Ctrl-C waits for what was sent, says how far it is, and the same command goes on', async (t) => {
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const memory = await peopleServer(t);
  const { close: _, ...rest } = memory;
  await memory.close();
  let requests = 0;
  const { socketPath, dir } = await peopleServer(t, {
    people: rest.people,
    enrol: async (request) => {
      requests += 1;
      if (requests === 5) {
        arrived.resolve();
        await gate.promise;
      }
      return rest.enrol(request);
    },
  });
  folderOf(dir, 4);
  const first = watched(socketPath, dir, ['--jobs', '1', '--report', 'report.csv']);
  await arrived.promise;
  first.interrupt();
  assert.equal(first.isListening(), false, 'a second Ctrl-C ends the process at once');
  gate.resolve();
  assert.equal(await first.code, 130);
  assert.match(first.shown(), /ending when what was sent is answered\n/);
  assert.match(first.shown(), /12 pictures of 4 people: 5 enrolled, 0 there already, 0 refused, 7 not looked at/);
  assert.match(first.shown(), /the same command goes on where it ended/);
  assert.equal(rest.faces.length, 5);
  assert.equal(readFileSync(path.join(dir, 'report.csv'), 'utf8').trimEnd().split('\r\n').length, 6);
  const second = watched(socketPath, dir, []);
  assert.equal(await second.code, 0);
  assert.match(second.shown(), /12 pictures of 4 people: 7 enrolled, 5 there already/);
  assert.deepEqual(new Set(rest.sent.values()), new Set([1]), 'nothing twice');
  assert.equal(rest.faces.length, 12, 'nothing missing');
});

it('Ctrl-C ends waiting at once', async (t) => {
  const { socketPath, dir } = await importServer(t, {
    enrol: async () => {
      throw new FacepoolError('model_loading', 'it loads', { retryAfterS: 1 });
    },
  });
  folderOf(dir, 1);
  let act: (() => void) | undefined;
  let shown = '';
  const to = screen(false, (text) => {
    shown += text;
  });
  const onInterrupt = (on: () => void) => {
    act = on;
    return () => undefined;
  };
  const io = { stdin: new PassThrough(), stdout: to, stderr: to, env: {}, cwd: dir, onInterrupt };
  // Waits until it is told to end, as the clock's own wait would for a long time.
  const command = createPeopleImport((_, signal) => {
    queueMicrotask(() => act?.());
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  });
  const code = await command.run(readInvocation(command, ['people', '-j', '1', '--socket', socketPath], io));
  assert.equal(code, 130);
  assert.match(shown, /3 not looked at/);
});

it('what every picture would be told ends it, with how to go on', async (t) => {
  for (const [code, exit] of [
    ['storage_full', 1],
    ['model_stopped', 1],
  ] as const) {
    let requests = 0;
    const { socketPath, dir } = await importServer(t, {
      enrol: async () => {
        requests += 1;
        throw new FacepoolError(code, 'no', { retryAfterS: 60 });
      },
    });
    folderOf(dir, 3);
    pictures(dir, 'people/p0/one-0.jpg');
    const { code: ended, shown } = watched(socketPath, dir, ['-j', '1']);
    // Nothing was done at all: the error is all there is to say.
    await assert.rejects(ended, { exitCode: exit });
    assert.ok(requests <= 3, `${code}: ${requests}`);
    assert.doesNotMatch(shown(), /9 pictures/);
  }
});

it('a disk that is full in the middle tells what was done', async (t) => {
  const { ours, dir } = await importServer(t);
  folderOf(dir, 1);
  mkdirSync(path.join(dir, 'people/z'));
  pictures(dir, 'people/z/full.jpg', 'people/z/later.jpg');
  const { code, out, err } = await ours('people', '-j', '1');
  assert.equal(code, 1);
  assert.match(out, /3 enrolled, .* 2 not looked at/);
  assert.match(err, /facepool: storage_full: the disk is full\nthe same command goes on where it ended/);
});

it('a server that restarts is waited for', async (t) => {
  const memory = await peopleServer(t);
  const { dir, socketPath } = memory;
  folderOf(dir, 2);
  await memory.close();
  rmSync(socketPath, { force: true });
  const none = await run(['people', 'import', 'people', '--socket', socketPath], { cwd: dir });
  assert.equal(none.code, 3, 'the first contact has to work');
  let requests = 0;
  const server = await peopleServer(t, {
    socketPath,
    people: memory.people,
    enrol: async (request) => {
      requests += 1;
      if (requests === 3) void server.close();
      return memory.enrol(request);
    },
  });
  const waits: number[] = [];
  let shown = '';
  const to = screen(false, (text) => {
    shown += text;
  });
  const io = { stdin: new PassThrough(), stdout: to, stderr: to, env: {}, cwd: dir };
  let isBack = false;
  const command = createPeopleImport(async (ms) => {
    waits.push(ms);
    if (isBack || waits.length < 2) return;
    isBack = true;
    await peopleServer(t, { socketPath, people: memory.people, enrol: memory.enrol });
  });
  const code = await command.run(readInvocation(command, ['people', '-j', '1', '--socket', socketPath], io));
  assert.equal(code, 0, shown);
  assert.match(shown, /no server answers on .*; trying again in 1 s/);
  assert.equal(memory.faces.length, 6, 'nothing twice, nothing missing');
});
