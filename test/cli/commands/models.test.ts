import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, describe, it } from 'node:test';
import { stringify, parse } from 'yaml';
import { PROJECT_DIR } from '../../../src/config/paths.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { jsonLines, run } from '../support/run.ts';

const WEIGHTS = Buffer.from('not really weights');
const SHA256 = createHash('sha256').update(WEIGHTS).digest('hex');

/** A catalogue with one detector whose weights are a few bytes, a mirror that has them, and the flags for both. */
function setUp(t: TestContext) {
  const cwd = tempDir(t);
  const from = path.join(PROJECT_DIR, 'models/detector/yunet-n');
  const to = path.join(cwd, 'models/detector/yunet-n');
  cpSync(from, to, { recursive: true });
  const manifest = parse(readFileSync(path.join(to, 'manifest.yaml'), 'utf8'));
  Object.assign(manifest.graphs[0], { file: 'w.onnx', sha256: SHA256, bytes: WEIGHTS.length, urls: [] });
  writeFileSync(path.join(to, 'manifest.yaml'), stringify(manifest));
  mkdirSync(path.join(cwd, 'mirror'));
  writeFileSync(path.join(cwd, 'mirror/w.onnx'), WEIGHTS);
  const settings = {
    data_dir: 'data',
    store: { models_dir: 'models', mirrors: ['mirror'], offline: true },
    models: { recognizer: { enabled: false }, liveness: { enabled: false } },
  };
  writeFileSync(path.join(cwd, 'my.yaml'), stringify(settings));
  const models = (...args: string[]) => run(['models', ...args, '--config', 'my.yaml'], { cwd });
  return { cwd, models, cached: path.join(cwd, 'data/weights', SHA256, 'w.onnx') };
}

describe('without a server', () => {
  it('pull obtains the weights, list and verify see them', async (t) => {
    const { models, cached } = setUp(t);
    assert.match(
      (await models('list')).out,
      /\ndetector +yunet-n +detector +yes +18 B +missing: w\.onnx +Apache-2\.0 +yes\n$/,
    );
    const before = await models('verify');
    assert.equal(before.code, 1);
    assert.match(before.out, /w\.onnx +missing/);

    const pulled = await models('pull');
    assert.equal(pulled.code, 0);
    assert.equal(pulled.out, '1 obtained, 0 here already, 0 could not be obtained\n');
    assert.equal(pulled.err, 'detector: w.onnx (18 B) copied\n');
    assert.deepEqual(readFileSync(cached), WEIGHTS);

    const again = await models('pull', 'detector/yunet-n');
    assert.deepEqual([again.code, again.err], [0, '']);
    assert.match(again.out, /^0 obtained, 1 here already/);
    assert.match((await models('list')).out, / here /);
    assert.equal((await models('verify')).code, 0);
  });

  it('versions that were registered on a server are seen as well', async (t) => {
    const { cwd, models } = setUp(t);
    const staged = path.join(cwd, 'data/models/detector/second');
    cpSync(path.join(cwd, 'models/detector/yunet-n'), staged, { recursive: true });
    const file = path.join(staged, 'manifest.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('version: yunet-n', 'version: second'));
    assert.match((await models('list')).out, /\ndetector +second +detector +- +18 B/);
    assert.match((await models('pull', 'detector/second')).out, /^1 obtained/);
    const verified = await models('verify', 'detector/second');
    assert.equal(verified.code, 0);
    assert.match(verified.out, /second/);
  });

  it('verify finds weights that were changed', async (t) => {
    const { models, cached } = setUp(t);
    await models('pull');
    writeFileSync(cached, 'not really weightz');
    const { code, out } = await models('verify', 'detector');
    assert.equal(code, 1);
    assert.match(out, /w\.onnx +damaged +its sha256 is /);
  });

  it('what no source has is a failure (1) that says what each source answered', async (t) => {
    const { cwd, models } = setUp(t);
    rmSync(path.join(cwd, 'mirror'), { recursive: true });
    const { code, out, err } = await models('pull');
    assert.equal(code, 1);
    assert.match(out, /1 could not be obtained/);
    assert.match(
      err,
      /^detector: w\.onnx \(18 B\) could not be obtained:\n {2}mirrors: none has the file\n {2}upstream: /,
    );
  });

  it('--json is one document per graph', async (t) => {
    const { models } = setUp(t);
    const [pulled] = jsonLines((await models('pull', '--json')).out);
    assert.ok(typeof pulled === 'object' && pulled !== null && 'status' in pulled && 'model' in pulled);
    assert.deepEqual([pulled.model, pulled.status], ['detector', 'copied']);
    const [listed] = jsonLines((await models('list', '--json')).out);
    assert.ok(typeof listed === 'object' && listed !== null && 'models' in listed);
    assert.ok(Array.isArray(listed.models) && listed.models.length === 1);
    const [verified] = jsonLines((await models('verify', '--json')).out);
    assert.ok(typeof verified === 'object' && verified !== null && 'status' in verified);
    assert.equal(verified.status, 'ok');
  });

  it('a model that the catalogue has not is refused (4), with the one that was meant', async (t) => {
    const { models } = setUp(t);
    const { code, err } = await models('pull', 'detectro');
    assert.equal(code, 4);
    assert.equal(err, 'facepool: there is no model "detectro" (did you mean "detector"?)\n');
  });

  it('a broken manifest does not hide the others', async (t) => {
    const { cwd, models } = setUp(t);
    mkdirSync(path.join(cwd, 'models/detector/broken'));
    writeFileSync(path.join(cwd, 'models/detector/broken/manifest.yaml'), 'schema: 2\n');
    const { code, out, err } = await models('list');
    assert.equal(code, 1);
    assert.match(out, /yunet-n/);
    assert.match(err, /^facepool: detector\/broken\/manifest\.yaml/);
  });
});

it('what the settings do not need is not missing: other versions, and second opinions that are off', async (t) => {
  const weights = async (...set: string[]): Promise<string> => {
    const { out } = await run(['models', 'list', '--data-dir', tempDir(t), ...set.flatMap((s) => ['--set', s])]);
    return out.split('\n').find((line) => line.startsWith('liveness ')) ?? '';
  };
  assert.match(await weights(), /missing: [^,;]+\.onnx; not needed: [^,;]+\.onnx, [^,;]+\.onnx /);
  assert.match(await weights('models.liveness.opinions=true'), /missing: [^,;]+, [^,;]+, [^,;]+\.onnx /);
  const disabled = await weights('models.liveness.enabled=false');
  assert.match(disabled, / not needed: /);
  assert.equal(disabled.includes('missing'), false);
});

it('the project’s own catalogue is listed', async (t) => {
  const { code, out } = await run(['models', 'list', '--data-dir', tempDir(t)]);
  assert.equal(code, 0);
  for (const name of readdirSync(path.join(PROJECT_DIR, 'models'))) assert.ok(out.includes(name), name);
});
