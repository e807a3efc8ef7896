import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readYamlLayer } from '../../src/config/yaml-layer.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('gives each value with its line', (t) => {
  const file = path.join(tempDir(t), 'a.yaml');
  writeFileSync(file, '# comment\nhttp:\n  host: h\n\n  port: 1\nmodels:\n  x: {version: v}\n');
  const { assignments, problems } = readYamlLayer(file, 'a.yaml');
  assert.deepEqual(problems, []);
  assert.deepEqual(assignments, [
    { path: ['http', 'host'], value: 'h', origin: 'a.yaml:3' },
    { path: ['http', 'port'], value: 1, origin: 'a.yaml:5' },
    { path: ['models', 'x', 'version'], value: 'v', origin: 'a.yaml:7' },
  ]);
});

it('reads on after an unknown key', (t) => {
  const file = path.join(tempDir(t), 'a.yaml');
  writeFileSync(file, 'nonsense: 1\nhttp: {port: 2}\n');
  const { assignments, problems } = readYamlLayer(file, 'a.yaml');
  assert.equal(problems.length, 1);
  assert.deepEqual(
    assignments.map(({ value }) => value),
    [2],
  );
});

it('stops at an alias bomb without hanging', (t) => {
  const file = path.join(tempDir(t), 'a.yaml');
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n');
  writeFileSync(file, `a0: &a0 [x]\n${levels}\nhttp: {allowed_hosts: *a30}\n`);
  const { problems } = readYamlLayer(file, 'a.yaml');
  assert.match(problems.at(-1) ?? '', /^http\.allowed_hosts \(a\.yaml:32\): cannot be read: .*alias/);
});

it('what a file came to is kept where there is a compile cache, and what is wrong in it is told each time', (t) => {
  const [folder, cache] = [tempDir(t), tempDir(t)];
  const file = path.join(folder, 'a.yaml');
  const module = fileURLToPath(new URL('../../src/config/yaml-layer.ts', import.meta.url));
  const code = `import { readYamlLayer } from ${JSON.stringify(module)};
    console.log(JSON.stringify(readYamlLayer(${JSON.stringify(file)}, 'a.yaml')))`;
  const read = (): unknown => {
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      ...{ env, encoding: 'utf8' },
    });
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };
  const kept = (): number =>
    readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('kept-a.yaml')).length;
  writeFileSync(file, 'nonsense: 1\nhttp: {port: 2}\n');
  const wrong = read();
  assert.deepEqual(read(), wrong);
  assert.match(JSON.stringify(wrong), /nonsense/);
  assert.equal(kept(), 0);
  writeFileSync(file, 'http:\n  port: 3\n');
  const sound = read();
  assert.deepEqual([sound, kept()], [JSON.parse(JSON.stringify(readYamlLayer(file, 'a.yaml'))), 1]);
  assert.deepEqual(read(), sound);
  writeFileSync(file, 'http:\n  port: 4\n');
  assert.deepEqual(read(), JSON.parse(JSON.stringify(readYamlLayer(file, 'a.yaml'))));
});
