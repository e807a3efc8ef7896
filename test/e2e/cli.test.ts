/** The command line against a real server, as a person and as a script use it: what it prints, and its exit codes. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import {
  facesAnswerSchema,
  modelsAnswerSchema,
  modelStatusSchema,
  verifyAnswerSchema,
} from '../../src/contract/results.ts';
import { facepool, ROOT } from './support/process.ts';
import { type CliResult, makeDataDir, preparedEnv, startServer, type TestServer } from './support/server.ts';
import { picturePath, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const PROCESSES = ['imaging', 'detector', 'recognizer', 'liveness'];
const photo = (name: string): string => picturePath(`photos/${name}.jpg`);

/** One JSON document per line. */
function documents(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('facepool on the command line', { skip }, () => {
  let server: TestServer;
  let files: string;
  before(async () => {
    server = await startServer({ env: { FACEPOOL_LIMITS_UPLOAD_BYTES: '2000000' } });
    files = makeDataDir();
    writeFileSync(path.join(files, 'text.jpg'), 'no picture at all');
    writeFileSync(path.join(files, 'empty.jpg'), '');
    writeFileSync(path.join(files, 'huge.jpg'), Buffer.alloc(8_000_000, 0xff));
    mkdirSync(path.join(files, 'folder.jpg'));
  });
  after(async () => {
    rmSync(files, { recursive: true, force: true });
    await server?.stop();
  });
  const file = (name: string): string => path.join(files, name);
  /** Exit code, and nothing that only a programmer understands. */
  const is = (result: CliResult, code: number): CliResult => {
    assert.equal(result.code, code, result.stderr + result.stdout);
    assert.doesNotMatch(result.stderr + result.stdout, /\.ts:\d|node_modules|Error:/);
    return result;
  };

  it('its socket is for this user only', () => {
    assert.equal(statSync(server.socket).mode & 0o777, 0o600);
    assert.equal(statSync(server.dataDir).mode & 0o777, 0o700);
  });

  it('status: a table for people, JSON for programs', async () => {
    const table = is(await server.cli('status'), EXIT.ok)
      .stdout.trimEnd()
      .split('\n');
    assert.equal(table.length, 6);
    assert.match(table[0] ?? '', /^NAME +STATUS +STATE/);
    for (const [i, name] of PROCESSES.entries())
      assert.match(table[i + 1] ?? '', new RegExp(`^${name} +RUNNING +ready`));
    const [json] = documents(is(await server.cli('status', '--json'), EXIT.ok).stdout);
    const { models } = modelsAnswerSchema.parse(json);
    const ours = ({ name, pid, version }: { name: string; pid: number | null; version: string | null }) => [
      name,
      pid,
      version,
    ];
    assert.deepEqual(models.map(ours), (await server.models()).map(ours));
  });

  it('detect: several files at once, in their order', async () => {
    const names = ['solvay1927', 'background', 'person-vlado'].map(photo);
    const { stdout } = is(await server.cli('detect', '--json', ...names), EXIT.ok);
    const answers = documents(stdout) as { file: string; ok: boolean; answer: unknown }[];
    assert.deepEqual(
      answers.map((one) => [one.file, one.ok, facesAnswerSchema.parse(one.answer).faces.length]),
      [
        [names[0], true, 29],
        [names[1], true, 0],
        [names[2], true, 1],
      ],
    );
    const table = is(await server.cli('detect', ...names), EXIT.ok)
      .stdout.trimEnd()
      .split('\n');
    assert.equal(table.length, 1 + 29 + 1 + 1);
    assert.match(table[30] ?? '', /background\.jpg +none/);
  });

  it('recognize: options are flags', async () => {
    const flags = ['--limit', '2', '--fields', 'ood,liveness,embedding', '--embedding-format', 'base64', '--json'];
    const { stdout } = is(await server.cli('recognize', photo('solvay1927'), ...flags), EXIT.ok);
    const [one] = documents(stdout) as { answer: unknown }[];
    const { faces } = facesAnswerSchema.parse(one?.answer);
    assert.equal(faces.length, 2);
    for (const face of faces) assert.equal(Buffer.from(face.embedding?.base64 ?? '', 'base64').length, 1024);
    const { stdout: table } = is(
      await server.cli('recognize', photo('person-vlado'), '--fields', 'ood,liveness'),
      EXIT.ok,
    );
    assert.match(table, /accepted/);
    assert.match(table, /live/);
  });

  it('a bad file among good ones does not stop them, and the exit code tells', async () => {
    const all = [photo('person-vlado'), file('text.jpg'), photo('one_face')];
    const { stdout, stderr } = is(await server.cli('detect', ...all), EXIT.refused);
    assert.match(stderr, /text\.jpg: unsupported_media: /);
    assert.equal(stdout.trimEnd().split('\n').length, 3);
    const json = documents(is(await server.cli('detect', '--json', ...all), EXIT.refused).stdout);
    assert.deepEqual(
      (json as { ok: boolean }[]).map(({ ok }) => ok),
      [true, false, true],
    );
    assert.equal((json[1] as { error: { code: string } }).error.code, 'unsupported_media');
  });

  it('says of each file what is wrong with it', async () => {
    assert.match(is(await server.cli('detect', file('empty.jpg')), EXIT.refused).stderr, /empty\.jpg: missing_image: /);
    assert.match(
      is(await server.cli('detect', file('huge.jpg')), EXIT.refused).stderr,
      /huge\.jpg: payload_too_large: /,
    );
    assert.match(is(await server.cli('detect', file('none.jpg')), EXIT.failure).stderr, /none\.jpg/);
    assert.match(is(await server.cli('detect', file('folder.jpg')), EXIT.failure).stderr, /folder\.jpg/);
  });

  it('verify: the exit code is the answer', async () => {
    const same = is(await server.cli('verify', photo('person-vlado'), photo('person-vlado1')), EXIT.ok);
    assert.match(same.stdout, /^same person: cosine 0\.\d+, needed 0\.4270/);
    const other = is(await server.cli('verify', photo('person-vlado'), photo('person-nicole'), '--json'), EXIT.noMatch);
    assert.equal(verifyAnswerSchema.parse(JSON.parse(other.stdout)).match, false);
    const strict = await server.cli(
      'verify',
      photo('person-vlado'),
      photo('person-vlado1'),
      '--match-threshold',
      '0.99',
    );
    is(strict, EXIT.noMatch);
    const none = is(await server.cli('verify', photo('person-vlado'), photo('background')), EXIT.refused);
    assert.match(none.stderr, /no_face: /);
  });

  it('stop, start and restart end when the model is there', async () => {
    const before = await server.model('liveness');
    assert.match(is(await server.cli('stop', 'liveness'), EXIT.ok).stdout, /^liveness is stopped after /);
    const refused = is(await server.cli('liveness', photo('person-vlado')), EXIT.failure);
    assert.match(refused.stderr, /model_stopped: .*facepool start liveness/);
    const started = modelStatusSchema.parse(
      JSON.parse(is(await server.cli('start', 'liveness', '--json'), EXIT.ok).stdout),
    );
    assert.equal(started.state, 'ready');
    assert.notEqual(started.pid, before.pid);
    const restarted = is(await server.cli('restart', 'liveness'), EXIT.ok);
    assert.match(restarted.stdout, /^liveness is ready after .*pid \d+/);
    assert.equal((await server.model('liveness')).restarts, before.restarts + 1);
    assert.match(
      is(await server.cli('restart', 'livenes'), EXIT.refused).stderr,
      /there is no model "livenes"; there are: /,
    );
  });

  it('logs: the last lines of a process, and those that come', async () => {
    const log = path.join(server.dataDir, 'logs', 'imaging.log');
    // A process in good health writes nothing.
    appendFileSync(log, 'one\ntwo\nthree\n');
    assert.match(is(await server.cli('logs', 'imaging'), EXIT.ok).stdout, /one\ntwo\nthree\n$/);
    assert.equal(is(await server.cli('logs', 'imaging', '-n', '2'), EXIT.ok).stdout, 'two\nthree\n');
    assert.equal(is(await server.cli('logs', 'imaging', '-n', '0'), EXIT.ok).stdout, '');
    is(await server.cli('logs', 'nobody'), EXIT.refused);

    const following = facepool(['logs', 'imaging', '-f', '-n', '1', '--data-dir', server.dataDir]);
    await until('the last line', 10_000, () => following.stdout() === 'three\n');
    appendFileSync(log, 'four\n');
    await until('the next line', 10_000, () => following.stdout() === 'three\nfour\n');
    following.kill('SIGINT');
    await following.exited;
  });

  it('models list and verify: of the files, without a server', async () => {
    const env = await preparedEnv();
    const run = async (...args: string[]): Promise<CliResult> => {
      const command = facepool(args, env);
      const { code } = await command.exited;
      return { code, stdout: command.stdout(), stderr: command.stderr() };
    };
    const { models } = JSON.parse(is(await run('models', 'list', '--json'), EXIT.ok).stdout) as {
      models: { name: string; version: string; used: boolean; graphs: { file: string; here: boolean }[] }[];
    };
    for (const used of ['detector/yunet-n', 'recognizer/omz-0095', 'liveness/facenox-98.20']) {
      const found = models.find(({ name, version }) => `${name}/${version}` === used);
      assert.equal(found?.used, true, used);
    }
    assert.match(is(await run('models', 'list'), EXIT.ok).stdout, /detector +yunet-n +detector +yes .*here/);
    const verified = documents(is(await run('models', 'verify', '--json'), EXIT.ok).stdout);
    assert.ok(verified.length >= 4);
    assert.ok((verified as { status: string }[]).every(({ status }) => status === 'ok'));

    const empty = makeDataDir();
    try {
      const none = facepool(['models', 'verify', '--data-dir', empty], {});
      assert.equal((await none.exited).code, EXIT.failure);
      assert.match(none.stdout(), /missing/);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  it('tells a wrong command line, a wrong configuration and a server that is not there apart', async () => {
    assert.match(is(await server.cli('detcet', 'x.jpg'), EXIT.usage).stderr, /unknown command "detcet".*detect/);
    assert.match(
      is(await server.cli('detect', '--limt', '1', 'x.jpg'), EXIT.usage).stderr,
      /unknown flag --limt.*--limit/,
    );
    assert.match(is(await server.cli('detect'), EXIT.usage).stderr, /at least one file/);
    is(await server.cli('detect', '--det-threshold', '7', photo('one_face')), EXIT.usage);
    is(await server.cli('status', '--set', 'http.port=seven'), EXIT.config);
    const empty = makeDataDir();
    try {
      const nobody = facepool(['status', '--data-dir', empty]);
      assert.equal((await nobody.exited).code, EXIT.noServer);
      assert.match(nobody.stderr(), /no server answers on .*; start one with: facepool start/);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  it('config check and help need no server', async () => {
    is(await server.cli('config', 'check'), EXIT.ok);
    const example = path.join(ROOT, 'config', 'small-card.example.yaml');
    is(await server.cli('config', 'check', example), EXIT.ok);
    const help = facepool(['help', 'verify']);
    assert.equal((await help.exited).code, EXIT.ok);
    assert.match(help.stdout(), /--match-threshold/);
  });
});
