import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FacepoolError } from '../../src/contract/errors.ts';
import { loadManifest, parseManifest } from '../../src/models/manifest-file.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const text = (model: string): string =>
  readFileSync(fileURLToPath(new URL(`../../models/${model}/manifest.yaml`, import.meta.url)), 'utf8');

const RECOGNIZER = text('recognizer/omz-0095');
const LIVENESS = text('liveness/facenox-98.20');

function refused(yaml: string): string {
  try {
    parseManifest(yaml, 'm.yaml');
  } catch (error) {
    assert.ok(error instanceof FacepoolError);
    assert.equal(error.code, 'model_failed');
    return error.message;
  }
  return assert.fail('the manifest was taken');
}

const lineOf = (yaml: string, part: string): number => yaml.split('\n').findIndex((line) => line.includes(part)) + 1;

describe('a wrong manifest is refused with file, line and field', () => {
  test('a wrong value', () => {
    const yaml = RECOGNIZER.replace('color: bgr', 'color: grey');
    assert.match(
      refused(yaml),
      new RegExp(`^m\\.yaml:${lineOf(yaml, 'color: grey')}: graphs\\.0\\.input\\.color: .*rgb`),
    );
  });

  test('an unknown field', () => {
    const yaml = RECOGNIZER.replace('space: omz-0095', 'space: omz-0095\n  colour: blue');
    assert.match(refused(yaml), /^m\.yaml:\d+: recognizer: .*colour/);
  });

  test('a field that is not there', () => {
    assert.match(refused(RECOGNIZER.replace('  dim: 256\n', '')), /^m\.yaml:\d+: recognizer\.dim: /);
  });

  test('several at once', () => {
    const yaml = RECOGNIZER.replace('dim: 256', 'dim: -1').replace('bytes: 2239627', 'bytes: many');
    assert.equal(refused(yaml).split('\n').length, 2);
  });

  test('YAML that is none', () => {
    assert.match(refused('schema: 1\nname: [detector\nrole: x'), /^m\.yaml:\d: /);
  });

  test('a file name that leaves the folder', () => {
    for (const file of ['../../etc/passwd', '..', '/etc/passwd', '.hidden']) {
      assert.match(
        refused(RECOGNIZER.replace('omz_face_reid_0095_f16store.onnx', file)),
        /graphs\.0\.file: a bare file name/,
      );
      assert.match(refused(RECOGNIZER.replace('file: golden.json', `file: ${file}`)), /golden\.file: a bare file name/);
    }
  });

  test('two graphs of one name', () => {
    assert.match(refused(RECOGNIZER.replace('id: lightqnet', 'id: omz-0095')), /graphs\.1\.id: .*used twice/);
  });

  test('an opinion that nobody can read', () => {
    const yaml = LIVENESS.replace('minifasnet-v1se: { real_index: 1, activation: none }', '');
    assert.match(refused(yaml), /graphs\.2\.use: an opinion needs/);
  });

  test('a licence for a graph that is not there', () => {
    assert.match(refused(RECOGNIZER.replace('graphs: [lightqnet]', 'graphs: [other]')), /parts\.1\.graphs: .*"other"/);
  });

  test('a chain of aliases, which a parser follows for minutes', () => {
    const chain = Array.from({ length: 3000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`);
    assert.match(refused(['a0: &a0 x', ...chain].join('\n')), /too many YAML aliases/);
  });

  test('aliases that grow without end', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [i, name] of Array.from('bcdefgh').entries()) {
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(', ')}]`);
    }
    assert.match(refused(bomb.join('\n')), /aliases/);
  });
});

test('false accept rates are names, however they are written', () => {
  const bare = RECOGNIZER.replace("{ '1e-3': 0.341, '1e-4': 0.427, '1e-5': 0.504 }", '{ 1e-3: 0.341, 1e-4: 0.427 }');
  assert.notEqual(bare, RECOGNIZER);
  const manifest = parseManifest(bare, 'm.yaml');
  assert.equal(manifest.role, 'recognizer');
  assert.deepEqual(manifest.recognizer.thresholds, { '1e-3': 0.341, '1e-4': 0.427 });
});

test('name and version are those of the folders', async (t) => {
  const dir = join(tempDir(t), 'recognizer', 'other');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'manifest.yaml'), RECOGNIZER);
  await assert.rejects(loadManifest(dir), { code: 'model_failed', message: /recognizer\/other.*recognizer\/omz-0095/ });
});

test('a version that is not there is missing', async (t) => {
  const dir = join(tempDir(t), 'detector', 'none');
  await assert.rejects(loadManifest(dir), { code: 'model_missing', message: /detector\/none/ });
});

test('a huge file is not read', async (t) => {
  const dir = join(tempDir(t), 'recognizer', 'omz-0095');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'manifest.yaml'), '#'.repeat(300_000));
  await assert.rejects(loadManifest(dir), { code: 'model_failed', message: /300000 bytes/ });
});

test('it is read again when the file has changed, and only then', async (t) => {
  const dir = join(tempDir(t), 'recognizer', 'omz-0095');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'manifest.yaml');
  writeFileSync(file, RECOGNIZER);
  const first = await loadManifest(dir);
  assert.equal(await loadManifest(dir), first);
  assert.ok(Object.isFrozen(first.graphs), 'everybody gets the same one');
  writeFileSync(file, RECOGNIZER.replace('color: bgr', 'color: rgb'));
  assert.equal((await loadManifest(dir)).graphs[0]?.input.color, 'rgb');
  writeFileSync(file, 'name: broken');
  await assert.rejects(loadManifest(dir), FacepoolError);
});

/** In a process that keeps what YAML came to, as servers do. */
function withCache(cache: string, script: string): string {
  const module = fileURLToPath(new URL('../../src/models/manifest-file.ts', import.meta.url));
  const code = `import { loadManifest, parseManifest } from ${JSON.stringify(module)};\n${script}`;
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    ...{ env, encoding: 'utf8' },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

const keptIn = (cache: string): string[] =>
  readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => /kept-[^/]*\.json$/.test(name));

test('what a sound file came to is kept, and read like the file', (t) => {
  const [dir, cache] = [join(tempDir(t), 'recognizer', 'omz-0095'), tempDir(t)];
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'manifest.yaml'), RECOGNIZER);
  const script = `console.log(JSON.stringify(await loadManifest(${JSON.stringify(dir)})))`;
  const first = withCache(cache, script);
  assert.equal(keptIn(cache).length, 1);
  assert.equal(withCache(cache, script), first);
  assert.deepEqual(JSON.parse(first), JSON.parse(JSON.stringify(parseManifest(RECOGNIZER, 'm.yaml'))));
});

test('what is wrong is not kept, and told with its line each time', (t) => {
  const [dir, cache] = [join(tempDir(t), 'recognizer', 'omz-0095'), tempDir(t)];
  mkdirSync(dir, { recursive: true });
  const script = `await loadManifest(${JSON.stringify(dir)}).catch((e) => console.log(e.code, e.message))`;
  for (const [yaml, told] of [
    [RECOGNIZER.replace('color: bgr', 'color: red'), new RegExp(`:${lineOf(RECOGNIZER, 'color: bgr')}: .*color`)],
    ['name: &a [*a]', /manifest\.yaml:1: /],
  ] as const) {
    writeFileSync(join(dir, 'manifest.yaml'), yaml);
    for (const _ of [1, 2]) {
      const said = withCache(cache, script);
      assert.match(said, /^model_failed /);
      assert.match(said, told);
    }
  }
  assert.deepEqual(keptIn(cache), []);
});

test('what is uploaded is not kept', (t) => {
  const cache = tempDir(t);
  const script = `console.log(parseManifest(${JSON.stringify(RECOGNIZER)}, 'manifest.yaml').name)`;
  assert.equal(withCache(cache, script), 'recognizer\n');
  assert.deepEqual(keptIn(cache), []);
});
