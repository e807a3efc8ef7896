import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { settingsSchema } from '../../../src/contract/settings.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { jsonLines, run } from '../support/run.ts';

it('check says that all is right, or names each fault (5)', async (t) => {
  const cwd = tempDir(t);
  writeFileSync(path.join(cwd, 'good.yaml'), 'http: {port: 1}\n');
  writeFileSync(path.join(cwd, 'bad.yaml'), 'http: {prot: 1}\n');
  const good = await run(['config', 'check', 'good.yaml'], { cwd });
  assert.deepEqual([good.code, good.out], [0, `the configuration is right: ${path.join(cwd, 'good.yaml')}\n`]);
  for (const args of [['bad.yaml'], ['--config', 'bad.yaml']]) {
    const bad = await run(['config', 'check', ...args], { cwd });
    assert.equal(bad.code, 5);
    assert.match(bad.err, /http\.prot \(bad\.yaml:1\): unknown setting \(did you mean "port"\?\)/);
  }
  const json = await run(['config', 'check', 'good.yaml', '--json'], { cwd });
  assert.deepEqual(jsonLines(json.out), [{ ok: true, file: path.join(cwd, 'good.yaml') }]);
  assert.match((await run(['config', 'check'], { cwd })).out, /default\.yaml \(defaults only\)\n$/);
});

it('show tells every value and where it comes from', async (t) => {
  const cwd = tempDir(t);
  writeFileSync(path.join(cwd, 'my.yaml'), 'log:\n  level: debug\n');
  const args = ['config', 'show', '--config', 'my.yaml', '--port', '7', '--set', 'limits.queue=9'];
  const { code, out } = await run(args, { cwd, env: { FACEPOOL_HTTP_HOST: '::1' } });
  assert.equal(code, 0);
  assert.match(out, /\nhttp\.host +"::1" +FACEPOOL_HTTP_HOST\n/);
  assert.match(out, /\nhttp\.port +7 +--port\n/);
  assert.match(out, /\nlog\.level +"debug" +my\.yaml:2\n/);
  assert.match(out, /\nlimits\.queue +9 +--set limits\.queue=9\n/);
  assert.match(out, /\nadmin\.socket +".*admin\.sock" +from data_dir\n/);
  const json = await run([...args, '--json'], { cwd });
  const [shown] = jsonLines(json.out);
  assert.ok(typeof shown === 'object' && shown !== null && 'settings' in shown && 'origins' in shown);
  assert.equal(settingsSchema.parse(shown.settings).http.port, 7);
});
