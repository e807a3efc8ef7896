import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { childKeys, envName, findSpec, SETTING_INDEX } from '../../src/config/setting-index.ts';

it('finds every setting once, models under any name', () => {
  const keys = SETTING_INDEX.map(({ path }) => path.join('.'));
  assert.equal(new Set(keys).size, keys.length);
  for (const key of ['data_dir', 'http.port', 'admin.socket', 'store.mirrors', 'log.level', 'models.*.version']) {
    assert.ok(keys.includes(key), key);
  }
  assert.equal(findSpec(['models', 'anything', 'threads'])?.path.join('.'), 'models.*.threads');
  assert.equal(findSpec(['http']), undefined);
  assert.equal(findSpec(['http', 'port', 'x']), undefined);
});

it('gives every setting an environment name of its own', () => {
  const names = SETTING_INDEX.map(({ path }) => envName(path));
  assert.equal(new Set(names).size, names.length);
  assert.equal(envName(['models', 'anime-detector', 'version']), 'FACEPOOL_MODELS_ANIME_DETECTOR_VERSION');
});

it('knows what may stand in a section', () => {
  assert.deepEqual(childKeys(['admin']), ['socket', 'http']);
  assert.deepEqual(childKeys(['models']), ['*']);
  assert.deepEqual(childKeys(['tenants']), ['*']);
  assert.deepEqual(childKeys(['tenants', 'llm', 'release']), ['url', 'method', 'body', 'command']);
  assert.deepEqual(childKeys(['http', 'port']), []);
  assert.ok(childKeys([]).includes('data_dir'));
});

it('says in words what each may be', () => {
  for (const { path, allowed } of SETTING_INDEX) assert.ok(allowed.length > 3, path.join('.'));
});

it('reads text as the kind of the setting; what it cannot read stays text', () => {
  const table: [string, string, unknown][] = [
    ['http.port', '9000', 9000],
    ['http.port', ' 9000 ', 9000],
    ['http.port', '0x10', '0x10'],
    ['http.port', '1e3', '1e3'],
    ['store.offline', 'true', true],
    ['store.offline', '0', false],
    ['store.offline', 'yes', 'yes'],
    ['store.mirrors', 'a, b', ['a', 'b']],
    ['store.mirrors', '', []],
    ['models.x.threads', 'auto', 'auto'],
    ['models.x.threads', '4', 4],
    ['http.host', ' a ', ' a '],
    ['memory.budgets', 'cpu=1, cuda:0=2', ['cpu=1', 'cuda:0=2']],
    ['tenants.llm.holds_mb', '4800', 4800],
  ];
  for (const [key, text, value] of table)
    assert.deepEqual(findSpec(key.split('.'))?.parse(text), value, `${key}=${text}`);
});

it('depends on one module and zod: what is kept of it goes by the text of that module', () => {
  const text = readFileSync(new URL('../../src/contract/settings.ts', import.meta.url), 'utf8');
  const imports = [...text.matchAll(/^(?:import|export) .*from '(.*)';$/gm)].map(([, specifier]) => specifier);
  assert.deepEqual(imports, ['zod']);
});
