/** Schema, defaults, examples and documents say the same. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { DEFAULT_CONFIG_FILE, PROJECT_DIR } from '../../src/config/paths.ts';
import { makeConfigSchema, SCHEMA_FILE } from '../../src/config/schema.ts';
import { envName, findSpec, SETTING_INDEX } from '../../src/config/setting-index.ts';
import { withSettingsTable } from '../../scripts/settings-table.ts';
import { readYamlLayer } from '../../src/config/yaml-layer.ts';

it('config/schema.json is what the code makes (else: node src/config/schema.ts --write)', () => {
  assert.equal(readFileSync(SCHEMA_FILE, 'utf8'), makeConfigSchema());
});

it('config/schema.json refuses unknown keys, requires none, and tells defaults', () => {
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
  assert.equal(schema.additionalProperties, false);
  assert.equal(JSON.stringify(schema).includes('"required":'), false);
  assert.equal(schema.properties.http.additionalProperties, false);
  assert.equal(schema.properties.http.properties.port.default, 8080);
});

describe('config/default.yaml', () => {
  const lines = readFileSync(DEFAULT_CONFIG_FILE, 'utf8').split('\n');
  const { assignments, problems } = readYamlLayer(DEFAULT_CONFIG_FILE, 'default.yaml');

  it('has every setting of the schema, and nothing else', () => {
    assert.deepEqual(problems, []);
    const specs = new Set(assignments.map(({ path: key }) => findSpec(key)?.path.join('.') ?? 'unknown'));
    // There is no tenant by default; what one may have stands in an example.
    const expected = SETTING_INDEX.filter((spec) => spec.path[0] !== 'tenants').map((spec) => spec.path.join('.'));
    assert.deepEqual(specs, new Set(expected));
    assert.ok(lines.includes('tenants: {}'));
  });

  it('has a comment above each, or above the one before it where the two share it', () => {
    const firstOf = (section: string) => assignments.find(({ path: key }) => key[0] === section)?.path[1];
    const first = new Map(['models', 'alert_rules'].map((section) => [section, firstOf(section)]));
    const isComment = (line: number): boolean => /^\s*#/.test(lines[line - 1] ?? '');
    const bare = assignments
      .filter(({ path: [section = '', name] }) => !first.has(section) || name === first.get(section))
      .filter(({ origin }) => {
        const line = Number(origin.split(':')[1]);
        return !isComment(line - 1) && !isComment(line - 2);
      });
    assert.deepEqual(
      bare.map(({ path: key }) => key.join('.')),
      [],
    );
  });
});

describe('the examples', () => {
  const examples = globSync('config/*.example.yaml', { cwd: PROJECT_DIR });
  it('are there', () => assert.ok(examples.length >= 2));
  for (const example of examples) {
    it(`${example} is accepted`, () => {
      const settings = loadSettings({ env: {}, cwd: PROJECT_DIR, file: example });
      assert.ok(settings.data_dir.startsWith(path.join(PROJECT_DIR, 'data/')), settings.data_dir);
    });
  }

  it('the small card: every model on demand, and a language model that is asked for its memory', () => {
    const settings = loadSettings({ env: {}, cwd: PROJECT_DIR, file: 'config/small-card.example.yaml' });
    const models = Object.values(settings.models);
    assert.ok(models.length >= 3 && models.every(({ residency }) => residency === 'on_demand'));
    const { llm = assert.fail('no tenant') } = settings.tenants;
    assert.equal(llm.holds_mb, 4800);
    assert.match(llm.release.url, /\/api\/models\/unload$/);
    assert.equal(llm.release.method, 'POST');
    // Whoever is asked must hold what the models need: the same device, also under a budget.
    assert.ok(models.every(({ device }) => device === llm.device));
    assert.ok(settings.memory.budgets.some((budget) => budget.startsWith(`${llm.device}=`)));
  });

  it('two servers differ in data directory, socket and port, and share the weights', () => {
    const first = loadSettings({ env: {}, cwd: PROJECT_DIR });
    const second = loadSettings({ env: {}, cwd: PROJECT_DIR, file: 'config/two-servers.example.yaml' });
    assert.notEqual(first.data_dir, second.data_dir);
    assert.notEqual(first.admin.socket, second.admin.socket);
    assert.notEqual(first.http.port, second.http.port);
    assert.equal(first.store.cache_dir, second.store.cache_dir);
  });
});

it('docs/configuration.md has the table that the code makes (else: node scripts/settings-table.ts --write)', () => {
  const text = readFileSync(path.join(PROJECT_DIR, 'docs/configuration.md'), 'utf8');
  assert.equal(text, withSettingsTable(text));
  for (const { path: key } of SETTING_INDEX) {
    const name = key.map((part) => (part === '*' ? '<name>' : part));
    assert.ok(text.includes(`| \`${name.join('.')}\` | \`${envName(name)}\` |`), name.join('.'));
  }
});
