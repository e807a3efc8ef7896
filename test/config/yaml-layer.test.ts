import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
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
