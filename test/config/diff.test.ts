import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { diffSettings, effectOf } from '../../src/config/diff.ts';
import { loadSettings } from '../../src/config/load.ts';
import { SETTING_INDEX } from '../../src/config/setting-index.ts';
import { reloadAnswerSchema } from '../../src/contract/reload.ts';
import type { Settings } from '../../src/contract/settings.ts';

const BASE = loadSettings({ env: {}, cwd: '/' });

/** A thawed copy, changed. */
function changed(change: (settings: Settings) => void): Settings {
  const copy = structuredClone(BASE);
  change(copy);
  return copy;
}

function model(settings: Settings, name: string): Settings['models'][string] {
  const found = settings.models[name];
  assert.ok(found !== undefined);
  return found;
}

const APPLIED_SECTIONS = ['alert_rules', 'limits', 'memory', 'people', 'rollout', 'workers'];
const EFFECTS: Readonly<Record<string, string>> = {
  'http.allowed_hosts': 'applied',
  'http.allowed_origins': 'applied',
  'auth.rate_limit_per_minute': 'applied',
  'auth.burst': 'applied',
  'limits.max_timeout_ms': 'needs_restart',
  'people.enabled': 'needs_restart',
  'people.encryption_key_file': 'needs_restart',
  'people.search_threads': 'needs_restart',
  'store.mirrors': 'applied',
  'store.offline': 'applied',
  'log.level': 'applied',
  'models.detector.version': 'model_swapped',
  'models.detector.device': 'model_restarted',
  'models.detector.threads': 'model_restarted',
  'models.detector.opinions': 'model_restarted',
  'models.detector.residency': 'applied',
  'models.detector.idle_ttl_ms': 'applied',
  'models.detector.pin': 'applied',
  'models.detector.priority': 'applied',
  'models.detector.memory_limit_mb': 'applied',
  'rollout.window_ms': 'needs_restart',
};

describe('diffSettings', () => {
  it('finds nothing between equals', () => assert.deepEqual(diffSettings(BASE, structuredClone(BASE)), []));

  it('gives each setting there is its own row and its effect', () => {
    for (const { path } of SETTING_INDEX) {
      const names: Readonly<Record<string, string>> = { models: 'detector', alert_rules: 'hot' };
      const concrete = path.map((key) => (key === '*' ? (names[path[0] ?? ''] ?? 'x') : key));
      // The defaults have no tenant.
      if (path[0] === 'tenants') continue;
      const setting = concrete.join('.');
      const to = changed((settings) => {
        let section: Record<string, unknown> = settings;
        for (const key of concrete.slice(0, -1)) section = section[key] as Record<string, unknown>;
        section[concrete.at(-1) ?? ''] = 'another';
      });
      const section = APPLIED_SECTIONS.includes(concrete[0] ?? '') ? 'applied' : 'needs_restart';
      const [row, ...more] = diffSettings(BASE, to);
      assert.deepEqual(more, [], setting);
      assert.equal(row?.setting, setting);
      assert.equal(row?.effect, EFFECTS[setting] ?? section, setting);
    }
  });

  it('needs a restart for what the documents say, and for nothing else', () => {
    const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const row = docs.split('\n').find((line) => line.includes('| `needs_restart`')) ?? '';
    const told = [...row.matchAll(/`([a-z_.]+)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'needs_restart');
    const needed = SETTING_INDEX.flatMap(({ path }) => {
      const setting = path.join('.').replace('models.*', 'models.detector').replace('alert_rules.*', 'alert_rules.hot');
      return effectOf(setting.split('.')) === 'needs_restart' ? [setting] : [];
    });
    const names = (setting: string, name: string): boolean => setting === name || setting.startsWith(`${name}.`);
    // Whether a model is served is a matter of more than the two values.
    const untold = needed.filter((setting) => !told.some((name) => names(setting, name)));
    assert.deepEqual(untold, ['models.detector.enabled']);
    for (const name of told)
      assert.ok(
        needed.some((setting) => names(setting, name)),
        `${name} needs none`,
      );
    const partly = told.flatMap((name) => SETTING_INDEX.filter(({ path }) => names(path.join('.'), name)));
    assert.ok(partly.every(({ path }) => effectOf(path) === 'needs_restart'));
  });

  it('shows values as JSON, by what the contract says', () => {
    const to = changed((settings) => {
      settings.log.level = 'debug';
      settings.memory.budgets = ['cpu=500'];
      model(settings, 'detector').threads = 3;
    });
    const changes = diffSettings(BASE, to);
    reloadAnswerSchema.parse({ dry_run: true, changes });
    assert.deepEqual(
      changes.map(({ setting, from, to: next }) => [setting, from, next]),
      [
        ['memory.budgets', '[]', '["cpu=500"]'],
        ['log.level', '"info"', '"debug"'],
        ['models.detector.threads', '"auto"', '3'],
      ],
    );
  });

  it('tells an entry that came or went as one row', () => {
    const to = changed((settings) => {
      settings.models['second'] = { ...model(settings, 'detector') };
      delete settings.models['liveness'];
      delete settings.alert_rules['hot'];
    });
    assert.deepEqual(
      diffSettings(BASE, to).map(({ setting, from, to: next, effect }) => [
        setting,
        from === null,
        next === null,
        effect,
      ]),
      [
        ['alert_rules.hot', false, true, 'applied'],
        ['models.liveness', false, true, 'needs_restart'],
        ['models.second', true, false, 'needs_restart'],
      ],
    );
  });

  it('shows nothing that may hold a token', () => {
    const action = { url: 'http://x/?token=s3cret', method: 'POST' as const, body: 's3cret', command: ['s3cret'] };
    const tenant = { device: 'cpu', holds_mb: 1, timeout_ms: 1, release: action, reacquire: action };
    const from = changed((settings) => {
      settings.tenants['other'] = structuredClone(tenant);
      settings.alerts.webhooks = ['http://hooks/s3cret'];
    });
    const to = structuredClone(from);
    to.alerts.webhooks = ['http://hooks/s3cret2'];
    for (const what of ['release', 'reacquire'] as const) {
      const called = to.tenants['other']?.[what];
      assert.ok(called !== undefined);
      Object.assign(called, { url: 'http://x/s3cret3', body: '"s3cret4"', command: ['s3cret5'] });
    }
    const rows = [...diffSettings(from, to), ...diffSettings(BASE, from)];
    assert.equal(rows.length, 9);
    assert.equal(JSON.stringify(rows).includes('s3cret'), false);
    assert.ok(rows.every(({ effect }) => effect === 'needs_restart'));
  });
});
