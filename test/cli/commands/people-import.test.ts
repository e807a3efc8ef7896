import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { it, type TestContext } from 'node:test';
import { createPeopleImport } from '../../../src/cli/commands/people-import.ts';
import { readInvocation } from '../../../src/cli/command.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { FakeServerOptions } from '../support/server.ts';
import { peopleServer, pictures } from '../support/people.ts';
import { jsonLines, run, screen } from '../support/run.ts';

/** `people` persons of three pictures each: `p3/one-3.jpg`. */
function folderOf(dir: string, people: number): string {
  for (let i = 0; i < people; i += 1) {
    mkdirSync(path.join(dir, 'people', `p${i}`), { recursive: true });
    pictures(dir, ...['one', 'two', 'three'].map((word) => `people/p${i}/${word}-${i}.jpg`));
  }
  return 'people';
}

async function serverOf(t: TestContext, options: FakeServerOptions & { readonly collections?: string[] } = {}) {
  const server = await peopleServer(t, options);
  const ours = (...args: string[]) =>
    run(['people', 'import', ...args, '--socket', server.socketPath], { cwd: server.dir });
  return { ...server, ours };
}

it('enrols everybody, and the second time sends nothing', async (t) => {
  const { ours, dir, faces, subjects, sent } = await serverOf(t);
  const folder = folderOf(dir, 5);
  const { code, out, err } = await ours(folder);
  assert.equal(code, 0, err);
  assert.match(out, /^15 pictures of 5 people: 15 enrolled, 0 there already, 0 refused \(\d+s\)\n$/);
  assert.match(err, /100 % {2}5\/5 people {2}15\/15 pictures/);
  assert.deepEqual([faces.length, [...subjects.keys()].sort()], [15, ['p0', 'p1', 'p2', 'p3', 'p4']]);
  const again = await ours(folder);
  assert.equal(again.code, 0);
  assert.match(again.out, /^15 pictures of 5 people: 0 enrolled, 15 there already, 0 refused/);
  assert.equal(sent.size, 15);
  assert.deepEqual(new Set(sent.values()), new Set([1]), 'each picture went over the wire once');
});

it('refusals end nothing: a table by reason, who has nothing, a CSV, and a code of its own', async (t) => {
  const { ours, dir, faces } = await serverOf(t, { limits: { upload_bytes: 100_000 } });
  const folder = folderOf(dir, 2);
  mkdirSync(path.join(dir, 'people/Carl'));
  pictures(dir, 'people/Carl/small-1.jpg', 'people/Carl/none-1.jpg', 'people/p1/small-2.jpg', 'people/p1/warned-1.jpg');
  writeFileSync(path.join(dir, 'people/p1/huge.jpg'), Buffer.alloc(200_000));
  writeFileSync(path.join(dir, 'people/p1/notes.txt'), '');
  const { code, out, err } = await ours(folder, '--report', 'report.csv');
  assert.equal(code, 7, err);
  assert.equal(faces.length, 7);
  assert.match(
    out,
    /^REASON +PICTURES +PEOPLE +FOR EXAMPLE\nface_too_small +2 +2 +Carl\/small-1\.jpg: the face has 31 pixels/,
  );
  assert.match(out, /\nno_face +1 +1 /);
  assert.match(out, /\npayload_too_large +1 +1 +p1\/huge\.jpg: /);
  assert.match(out, /\n11 pictures of 3 people: 7 enrolled, 0 there already, 4 refused \(/);
  assert.match(out, /\nenrolled all the same: spoof_detected \(1\)\nleft out: 1 other file\n/);
  assert.match(out, /\nnot one picture was taken of 1 person: Carl\n$/);
  const lines = readFileSync(path.join(dir, 'report.csv'), 'utf8').trimEnd().split('\r\n');
  assert.equal(lines.length, 12);
  assert.ok(lines.includes('Carl,Carl/none-1.jpg,refused,no_face,there is no face'), lines.join('\n'));
  assert.ok(lines.includes('p0,p0/one-0.jpg,enrolled,,'));
  assert.ok(lines.includes('p1,p1/warned-1.jpg,enrolled,spoof_detected,it is not live'));
  const both = 'the face has 31 pixels; 40 are needed; it is no clear face';
  assert.ok(lines.includes(`Carl,Carl/small-1.jpg,refused,face_too_small,${both}`));
});

it('a failure of the server is no refusal: the next run tries it again', async (t) => {
  const { ours, dir } = await serverOf(t);
  folderOf(dir, 1);
  pictures(dir, 'people/p0/broken.jpg');
  const { code, out, err } = await ours('people');
  assert.equal(code, 1);
  assert.match(out, /3 enrolled, 0 there already, 0 refused, 1 failed/);
  assert.match(err, /the same command goes on where it ended/);
});

it('the same picture twice in a folder is sent once', async (t) => {
  const { ours, dir, sent } = await serverOf(t);
  mkdirSync(path.join(dir, 'people/anna'), { recursive: true });
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(path.join(dir, `people/anna/${name}.jpg`), 'one');
  for (const name of ['x', 'y']) writeFileSync(path.join(dir, `people/anna/${name}.jpg`), 'none');
  const { code, out } = await ours('people', '--jobs', '4');
  assert.equal(code, 7);
  assert.match(out, /6 pictures of 1 person: 1 enrolled, 3 there already, 2 refused/);
  assert.deepEqual([...sent.values()], [1, 1]);
});

it('--dry-run sends nothing and says what would be sent', async (t) => {
  const { ours, dir, calls } = await serverOf(t);
  const folder = folderOf(dir, 2);
  await ours(folder);
  pictures(dir, 'people/p1/four.jpg');
  const before = calls.length;
  const { code, out } = await ours(folder, '--dry-run');
  assert.equal(code, 0);
  assert.match(out, /^7 pictures of 2 people: 1 would be sent, 6 there already, 0 refused/);
  assert.equal(calls.length, before);
});

it('--json: a document for each picture, and the summary last', async (t) => {
  const { ours, dir } = await serverOf(t);
  const folder = folderOf(dir, 1);
  pictures(dir, 'people/p0/none.jpg');
  const { code, out, err } = await ours(folder, '--json');
  assert.deepEqual([code, err], [7, '']);
  const documents = jsonLines(out) as { file?: string; result?: string; summary?: Record<string, unknown> }[];
  assert.deepEqual(
    new Map(documents.slice(0, -1).map(({ file, result }) => [file, result])),
    new Map([
      ['p0/none.jpg', 'refused'],
      ['p0/one-0.jpg', 'enrolled'],
      ['p0/three-0.jpg', 'enrolled'],
      ['p0/two-0.jpg', 'enrolled'],
    ]),
  );
  const { complete, enrolled, refused, reasons } = documents.at(-1)?.summary ?? {};
  assert.deepEqual([complete, enrolled, refused, reasons], [true, 3, 1, { no_face: { pictures: 1, people: 1 } }]);
});

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
  const { socketPath, dir, sent } = await serverOf(t);
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
  const { socketPath, dir } = await serverOf(t, {
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
    const { socketPath, dir } = await serverOf(t, {
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
  const { ours, dir } = await serverOf(t);
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

it('a collection that is not there is told at once', async (t) => {
  const { ours, dir, calls } = await serverOf(t);
  folderOf(dir, 1);
  const { code, err } = await ours('people', '--collection', 'staff');
  assert.equal(code, 4);
  assert.match(err, /not_found: there is no collection "staff"/);
  assert.deepEqual(calls, []);
});

it('a wrong command line, or a folder without people, sends nothing', async (t) => {
  const { ours, dir, calls } = await serverOf(t);
  folderOf(dir, 1);
  mkdirSync(path.join(dir, 'empty'));
  for (const args of [[], ['people', 'more'], ['people', '-j', '0'], ['people', '--similar', 'x']]) {
    assert.equal((await ours(...args)).code, 2, args.join(' '));
  }
  const empty = await ours('empty');
  assert.deepEqual(
    [empty.code, empty.err],
    [1, 'facepool: empty has no sub-folders: each has to be a person, with pictures in it\n'],
  );
  assert.equal((await ours('nothing')).err, 'facepool: nothing is not there\n');
  assert.match(
    (await ours('people', '--report', 'no/such/report.csv')).err,
    /cannot be written: there is no such folder/,
  );
  assert.deepEqual(calls, []);
});
