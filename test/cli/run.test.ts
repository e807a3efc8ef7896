import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { jsonLines, run } from './support/run.ts';

describe('help', () => {
  it('lists every command, on request with code 0, without a command with code 2', async () => {
    for (const args of [['help'], ['--help'], ['-h']]) {
      const { code, out, err } = await run(args);
      assert.deepEqual([code, err], [0, '']);
      for (const { name } of COMMANDS) assert.ok(out.includes(`  ${name}`), name);
    }
    const bare = await run([]);
    assert.equal(bare.code, 2);
    assert.equal(bare.out, '');
    assert.match(bare.err, /Usage: facepool <command>/);
  });

  it('tells each command’s flags, in three ways', async () => {
    for (const args of [
      ['help', 'logs'],
      ['logs', '--help'],
      ['logs', 'detector', '-h'],
    ]) {
      const { code, out } = await run(args);
      assert.equal(code, 0);
      assert.match(out, /^Usage: facepool logs <model>/);
      assert.match(out, /-f, --follow/);
      assert.match(out, /--socket <path>/);
    }
  });

  it('of a group lists the group', async () => {
    const { code, out } = await run(['help', 'models']);
    assert.equal(code, 0);
    assert.match(out, /models pull/);
    assert.doesNotMatch(out, /config check/);
  });

  it('every command has its help', async () => {
    for (const { name, summary } of COMMANDS) {
      const { code, out } = await run(['help', ...name.split(' ')]);
      assert.equal(code, 0, name);
      assert.ok(out.includes(summary), name);
    }
  });
});

describe('a wrong command line is a usage error (2) that says what was meant', () => {
  const table: [string[], RegExp][] = [
    [['statsu'], /^facepool: unknown command "statsu" \(did you mean "status"\?\); see: facepool help$/],
    [['xyzzy'], /^facepool: unknown command "xyzzy"; see: facepool help$/],
    [['help', 'xyzzy'], /^facepool: unknown command "xyzzy"/],
    [
      ['models'],
      /^facepool: "models" needs a second word; there are: models list, models pull, models verify, models add, models remove$/,
    ],
    [['models', 'pul'], /^facepool: unknown command "models pul"; there are: /],
    [['--socket', 'x', 'status'], /^facepool: the command comes first, then its flags/],
    [['status', 'x'], /^facepool: status: "x" is one word too many/],
    [['restart'], /^facepool: restart needs the name of a model/],
    [['logs', 'a', '-n', 'x'], /^facepool: --lines x: must be a whole number$/],
    [['status', '--set', 'nothing'], /^facepool: --set nothing: must be <setting>=<value>/],
    [['start', 'detector', '--port', '1'], /^facepool: --port is for the server, not for one model$/],
    [['models', 'pull', 'a', '--all'], /^facepool: --all takes no names$/],
  ];
  for (const [args, message] of table) {
    it(args.join(' '), async () => {
      const { code, out, err } = await run(args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err.trimEnd(), message);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    });
  }
});

it('an error with --json is one JSON document on stderr', async () => {
  const { code, out, err } = await run(['logs', '--json']);
  assert.deepEqual([code, out], [2, '']);
  const [document] = jsonLines(err);
  assert.deepEqual(document, {
    error: { code: 'invalid_argument', message: 'logs needs the name of a model; see: facepool help logs' },
  });
});

it('a wrong configuration is code 5, one line for each fault', async () => {
  const { code, err } = await run(['status', '--set', 'http.port=x', '--set', 'log.level=y']);
  assert.equal(code, 5);
  assert.match(err, /^facepool: the configuration is wrong:\n {2}http\.port .*\n {2}log\.level .*\n$/);
});

it('version tells three versions', async () => {
  assert.match((await run(['version'])).out, /^facepool \d+\.\d+\.\d+ \(Node 2\d\.\d+\.\d+, onnxruntime \d.*\)\n$/);
  const [versions] = jsonLines((await run(['--version', '--json'])).out);
  assert.ok(typeof versions === 'object' && versions !== null);
  assert.deepEqual(Object.keys(versions), ['facepool', 'node', 'onnxruntime']);
});
