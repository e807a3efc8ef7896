import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { PROJECT_DIR } from '../../src/config/paths.ts';
import { type Given, load, problemsOf } from '../fixtures/config/load.ts';

const tenant = (keys: string): Given => ({ yaml: `tenants:\n  llm: {${keys}}\n` });

describe('what is left out', () => {
  it('merges a known model and fills a new one', (t) => {
    const { settings } = load(t, {
      yaml: 'models:\n  liveness: {opinions: true}\n  anime-detector: {version: yolov8}\n',
      env: { FACEPOOL_MODELS_ANIME_DETECTOR_THREADS: '2' },
    });
    const { recognizer } = loadSettings({ env: {}, cwd: PROJECT_DIR }).models;
    assert.deepEqual(settings.models['liveness'], { ...recognizer, version: 'facenox-98.20', opinions: true });
    assert.deepEqual(settings.models['anime-detector'], { ...recognizer, version: 'yolov8', threads: 2 });
    assert.deepEqual(Object.keys(settings.models), ['detector', 'recognizer', 'liveness', 'anime-detector']);
  });

  it('fills what a tenant leaves out', (t) => {
    const url = 'http://127.0.0.1:9292/api/models/unload';
    const { settings, origins } = load(t, {
      yaml: `tenants:\n  llm: {device: cuda:0, holds_mb: 4800, release: {url: ${url}}}\n  tts: {device: cpu, holds_mb: 1, release: {command: [stop, it]}, timeout_ms: 5}\n`,
    });
    const nothing = { url: '', method: 'POST', body: '', command: [] };
    assert.deepEqual(settings.tenants, {
      llm: {
        device: 'cuda:0',
        holds_mb: 4800,
        timeout_ms: 10_000,
        release: { ...nothing, url },
        reacquire: nothing,
      },
      tts: {
        device: 'cpu',
        holds_mb: 1,
        timeout_ms: 5,
        release: { ...nothing, command: ['stop', 'it'] },
        reacquire: nothing,
      },
    });
    assert.equal(origins.get('tenants.llm.release.method'), 'default of a tenant');
    assert.equal(origins.get('tenants.llm.holds_mb'), 'my.yaml:2');
  });

  it('takes tenants of a file from the environment and flags too', (t) => {
    const { settings } = load(t, {
      yaml: 'tenants:\n  my-llm: {device: cpu}\n',
      env: { FACEPOOL_TENANTS_MY_LLM_HOLDS_MB: '70', FACEPOOL_TENANTS_MY_LLM_RELEASE_COMMAND: 'stop, it' },
      flags: [{ key: 'tenants.my-llm.timeout_ms', value: '9', flag: '--set' }],
    });
    const { holds_mb, timeout_ms, release } = settings.tenants['my-llm'] ?? assert.fail('no tenant');
    assert.deepEqual([holds_mb, timeout_ms, release.command], [70, 9, ['stop', 'it']]);
  });
});

describe('what is refused', () => {
  const table: [string, Given, RegExp][] = [
    [
      'a new model with nothing in it',
      { yaml: 'models:\n  face-2:\n' },
      /^models\.face-2 \(my\.yaml:2\): a new model needs "version"/,
    ],
    [
      'tenant without a device',
      tenant('holds_mb: 5, release: {url: "http://a/"}'),
      /^tenants\.llm \(my\.yaml:2\): a tenant needs "device": the device it shares with the models, e\.g\. cuda:0$/,
    ],
    [
      'tenant without holds_mb',
      tenant('device: cpu, release: {url: "http://a/"}'),
      /^tenants\.llm \(my\.yaml:2\): a tenant needs "holds_mb": what it gives back when asked, in MB$/,
    ],
    [
      'tenant that cannot be asked',
      tenant('device: cpu, holds_mb: 5'),
      /^tenants\.llm \(my\.yaml:2\): a tenant needs "release\.url" or "release\.command"/,
    ],
    [
      'tenant on a device that is none',
      tenant('device: auto, holds_mb: 5, release: {url: "http://a/"}'),
      /^tenants\.llm\.device .*"auto" is not allowed; allowed: cpu, cuda:N, GPU-<uuid> or MIG-<uuid>$/,
    ],
    [
      'unknown key of a tenant',
      tenant('devise: cpu, device: cpu, holds_mb: 5, release: {url: "http://a/"}'),
      /did you mean "device"/,
    ],
    [
      'a tenant’s name that is none',
      { yaml: 'tenants: {My_LLM: {device: cpu, holds_mb: 5, release: {url: "http://a/"}}}\n' },
      /^tenants\.My_LLM: not a tenant name; allowed: small letters, digits and dashes$/,
    ],
    [
      'a tenant that is a value',
      { yaml: 'tenants: {llm: 5}\n' },
      /^tenants\.llm \(my\.yaml:1\): must be a map of settings/,
    ],
    [
      'a tenant in the environment only',
      { env: { FACEPOOL_TENANTS_LLM_DEVICE: 'cpu' } },
      /^FACEPOOL_TENANTS_LLM_DEVICE \(environment\): unknown setting/,
    ],
    [
      'a tenant under the name of a model, in the environment',
      { env: { FACEPOOL_TENANTS_DETECTOR_DEVICE: 'cpu' } },
      /^FACEPOOL_TENANTS_DETECTOR_DEVICE \(environment\): unknown setting/,
    ],
  ];
  for (const [name, given, message] of table) {
    it(name, (t) => {
      const problems = problemsOf(t, given);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', message);
    });
  }

  it('a tenant with nothing in it is not overlooked: all that it needs is told', (t) => {
    for (const yaml of ['tenants:\n  llm:\n', 'tenants:\n  llm: {}\n']) {
      const problems = problemsOf(t, { yaml });
      assert.equal(problems.length, 3, problems.join('\n'));
      for (const problem of problems) assert.match(problem, /^tenants\.llm \(my\.yaml:2\): a tenant needs "/);
    }
  });
});

describe('an alert rule', () => {
  const rule = (keys: string): Given => ({ yaml: `alert_rules:\n  warm: {${keys}}\n` });

  it('gets what it leaves out; it ends where it began', (t) => {
    const { settings } = load(t, rule('metric: temperature, above: 70.5'));
    assert.deepEqual(settings.alert_rules['warm'], {
      enabled: true,
      metric: 'temperature',
      above: 70.5,
      clear_below: 70.5,
      for_ms: 10_000,
      severity: 'warning',
    });
    assert.equal(settings.alert_rules['hot']?.above, 80);
  });

  it('needs a metric and a figure', (t) => {
    const problems = problemsOf(t, rule('severity: error'));
    assert.match(problems.join('\n'), /alert_rules\.warm \(.*\): a rule needs "metric"/);
    assert.match(problems.join('\n'), /alert_rules\.warm \(.*\): a rule needs "above"/);
  });

  it('is changed by the environment, with fractions', (t) => {
    const env = { FACEPOOL_ALERT_RULES_MEMORY_FULL_ABOVE: '0.8', FACEPOOL_ALERT_RULES_MEMORY_FULL_CLEAR_BELOW: '0.75' };
    assert.equal(load(t, { env }).settings.alert_rules['memory-full']?.above, 0.8);
  });

  it('may not end above where it began, nor call what is no web address', (t) => {
    const above = problemsOf(t, { env: { FACEPOOL_ALERT_RULES_HOT_CLEAR_BELOW: '81' } });
    assert.match(above.join('\n'), /alert_rules\.hot\.clear_below .*no more than above, which is 80/);
    const hook = problemsOf(t, { env: { FACEPOOL_ALERTS_WEBHOOKS: 'ftp://x' } });
    assert.match(hook.join('\n'), /alerts\.webhooks .*"ftp:\/\/x" is not allowed/);
  });
});
