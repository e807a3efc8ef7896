/** The project's structure, checked: import order, purity of the scheduler, file lengths, cycles, mirrored tests. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as rules from './architecture/rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const files = globSync(['src/**/*.ts', 'workers/**/*.ts'], { cwd: ROOT, exclude: ['**/*.d.ts'] });
const sources = new Map(
  files.map((file) => [file.split(path.sep).join('/'), readFileSync(path.join(ROOT, file), 'utf8')]),
);

/** Files with logic that are tested elsewhere, each with its reason. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  'src/server/serve.ts': 'it only puts the layers together: test/e2e starts it as a process, for real',
  ...Object.fromEntries(
    ['checks', 'server-ports', 'tell-versions'].map((name) => [
      `src/rollout/${name}.ts`,
      'a part of one machine: test/rollout/rollout.test.ts runs all of it on a real supervisor with scripted processes',
    ]),
  ),
};

describe('the tree', () => {
  it('is found', () => assert.ok(sources.size > 20, `${sources.size} files`));
  it('imports only downwards', () => assert.deepEqual(rules.importBreaches(sources), []));
  it('has no import cycles', () => assert.deepEqual(rules.importCycles(sources), []));
  it('has a pure scheduler', () => assert.deepEqual(rules.purityBreaches(sources), []));
  it('keeps to the style', () => assert.deepEqual(rules.styleBreaches(sources), []));
  it('has a test beside every file with logic', () => {
    const hasTest = (file: string): boolean => existsSync(path.join(ROOT, file));
    assert.deepEqual(rules.untestedBreaches(sources, hasTest, TESTED_ELSEWHERE), []);
  });
});
