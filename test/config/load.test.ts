import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { loadSettings, loadSettingsWithOrigins } from '../../src/config/load.ts';
import { PROJECT_DIR } from '../../src/config/paths.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../src/config/socket-path.ts';
import { type Given, load, problemsOf } from '../fixtures/config/load.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const YAML = 'http:\n  port: 1001\n';
const ENV = { FACEPOOL_HTTP_PORT: '1002' };
const FLAGS = [{ key: 'http.port', value: '1003', flag: '--port' }];

describe('precedence', () => {
  const table: [string, Given, number, string][] = [
    ['defaults', {}, 8080, 'config/default.yaml:12'],
    ['file over defaults', { yaml: YAML }, 1001, 'my.yaml:2'],
    ['environment over file', { yaml: YAML, env: ENV }, 1002, 'FACEPOOL_HTTP_PORT'],
    ['flag over environment', { yaml: YAML, env: ENV, flags: FLAGS }, 1003, '--port'],
    ['flag over file', { yaml: YAML, flags: FLAGS }, 1003, '--port'],
    ['environment over defaults', { env: ENV }, 1002, 'FACEPOOL_HTTP_PORT'],
  ];
  for (const [name, given, port, origin] of table) {
    it(name, (t) => {
      const { settings, origins } = load(t, given);
      assert.equal(settings.http.port, port);
      if (origin.startsWith('config/')) assert.match(origins.get('http.port') ?? '', /^config\/default\.yaml:\d+$/);
      else assert.equal(origins.get('http.port'), origin);
    });
  }

  it('FACEPOOL_CONFIG names the file, --config wins over it', (t) => {
    const cwd = tempDir(t);
    writeFileSync(path.join(cwd, 'env.yaml'), 'http: {port: 1}\n');
    writeFileSync(path.join(cwd, 'flag.yaml'), 'http: {port: 2}\n');
    const env = { FACEPOOL_CONFIG: 'env.yaml' };
    assert.equal(loadSettings({ env, cwd }).http.port, 1);
    assert.equal(loadSettings({ env, cwd, file: 'flag.yaml' }).http.port, 2);
    assert.equal(loadSettings({ env: { FACEPOOL_CONFIG: '' }, cwd }).http.port, 8080);
  });

  it('every kind of value can come from the environment', (t) => {
    const { settings, cwd } = load(t, {
      env: {
        FACEPOOL_DATA_DIR: 'd',
        FACEPOOL_STORE_MIRRORS: 'a, /b,',
        FACEPOOL_STORE_OFFLINE: '1',
        FACEPOOL_LOG_LEVEL: 'debug',
        FACEPOOL_HTTP_ALLOWED_ORIGINS: '',
        FACEPOOL_MODELS_DETECTOR_VERSION: 'other',
        FACEPOOL_MODELS_RECOGNIZER_THREADS: '3',
        FACEPOOL_MODELS_LIVENESS_THREADS: 'auto',
        FACEPOOL_PARENT_PID: '7',
        FACEPOOL_WORKER_ID: '8',
        HOME: '/root',
      },
    });
    assert.equal(settings.data_dir, path.join(cwd, 'd'));
    assert.deepEqual(settings.store.mirrors, [path.join(cwd, 'a'), '/b']);
    assert.equal(settings.store.offline, true);
    assert.equal(settings.log.level, 'debug');
    assert.deepEqual(settings.http.allowed_origins, []);
    assert.equal(settings.models['detector']?.version, 'other');
    assert.equal(settings.models['recognizer']?.threads, 3);
    assert.equal(settings.models['liveness']?.threads, 'auto');
  });
});

describe('what comes out', () => {
  it('is frozen all the way down', (t) => {
    const { settings } = load(t, {});
    assert.throws(() => Object.assign(settings.http, { port: 1 }), TypeError);
    assert.throws(() => settings.store.mirrors.push('x'), TypeError);
    assert.throws(() => Object.assign(settings.models['detector'] ?? {}, { version: 'x' }), TypeError);
  });

  it('has absolute paths: of the project in the defaults, of the file in a file, of the folder one is in elsewhere', (t) => {
    assert.equal(load(t, {}).settings.store.models_dir, path.join(PROJECT_DIR, 'models'));
    const cwd = tempDir(t);
    mkdirSync(path.join(cwd, 'sub'));
    writeFileSync(path.join(cwd, 'sub/my.yaml'), 'data_dir: here\nadmin: {socket: s.sock}\n');
    const { settings } = loadSettingsWithOrigins({ env: {}, cwd, file: 'sub/my.yaml' });
    assert.equal(settings.data_dir, path.join(cwd, 'sub/here'));
    assert.equal(settings.admin.socket, path.join(cwd, 'sub/s.sock'));
    const flags = [{ key: 'data_dir', value: 'there', flag: '--data-dir' }];
    assert.equal(loadSettings({ env: {}, cwd, file: 'sub/my.yaml', flags }).data_dir, path.join(cwd, 'there'));
  });

  it('derives socket and weights from data_dir, and keeps what is given', (t) => {
    const { settings, origins } = load(t, { env: { FACEPOOL_DATA_DIR: '/srv/faces' } });
    assert.equal(settings.admin.socket, '/srv/faces/admin.sock');
    assert.equal(settings.store.cache_dir, '/srv/faces/weights');
    assert.equal(origins.get('admin.socket'), 'from data_dir');
    const given = load(t, { env: { FACEPOOL_ADMIN_SOCKET: '/run/f.sock', FACEPOOL_STORE_CACHE_DIR: '/w' } }).settings;
    assert.equal(given.admin.socket, '/run/f.sock');
    assert.equal(given.store.cache_dir, '/w');
  });

  it('has a socket path that the kernel takes, whatever data_dir is', (t) => {
    const { settings } = load(t, { env: { FACEPOOL_DATA_DIR: `/srv/${'x'.repeat(150)}` } });
    assert.ok(Buffer.byteLength(settings.admin.socket) <= MAX_SOCKET_PATH_BYTES, settings.admin.socket);
  });

  it('takes every form of a device, for models, budgets and tenants', (t) => {
    const uuid = 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6';
    for (const device of ['cpu', 'cuda:0', 'cuda:12', uuid, `MIG-${uuid.slice(4)}`, `MIG-${uuid}/1/0`]) {
      const { settings } = load(t, {
        env: { FACEPOOL_MODELS_DETECTOR_DEVICE: device, FACEPOOL_MEMORY_BUDGETS: `${device}=600` },
      });
      assert.equal(settings.models['detector']?.device, device);
      assert.deepEqual(settings.memory.budgets, [`${device}=600`]);
    }
    assert.equal(
      load(t, { env: { FACEPOOL_MODELS_DETECTOR_DEVICE: 'auto' } }).settings.models['detector']?.device,
      'auto',
    );
  });

  it('takes an empty file, and sections of which all is commented out', (t) => {
    assert.equal(load(t, { yaml: '' }).settings.http.port, 8080);
    assert.equal(load(t, { yaml: '# nothing\nhttp:\n  # port: 1\n' }).settings.http.port, 8080);
  });

  it('follows YAML anchors', (t) => {
    const yaml = 'models:\n  detector: &d {threads: 2}\n  recognizer: *d\n';
    assert.equal(load(t, { yaml }).settings.models['recognizer']?.threads, 2);
  });
});

describe('what is refused, and how it is said', () => {
  const flag = (key: string, value: string) => ({ flags: [{ key, value, flag: `--set ${key}=${value}` }] });
  const table: [string, Given, RegExp][] = [
    [
      'wrong type',
      { yaml: 'http:\n  port: x\n' },
      /^http\.port \(my\.yaml:2\): "x" is not allowed; allowed: a whole number from 0 to 65535$/,
    ],
    ['out of range', { yaml: 'http: {port: 99999}\n' }, /^http\.port \(my\.yaml:1\): 99999 is not allowed; .*65535$/],
    ['a fraction', { yaml: 'http: {port: 80.5}\n' }, /^http\.port .* 80\.5 is not allowed/],
    [
      'null',
      { yaml: 'http:\n  host:\n' },
      /^http\.host \(my\.yaml:2\): null is not allowed; allowed: a text that is not empty$/,
    ],
    [
      'word of a list',
      { yaml: 'log: {level: loud}\n' },
      /"loud" is not allowed; allowed: one of trace, debug, info, warn, error, fatal, silent$/,
    ],
    ['not a list', { yaml: 'store: {mirrors: 3}\n' }, /^store\.mirrors .*3 is not allowed; allowed: a list of texts$/],
    [
      'a list with numbers',
      { yaml: 'http: {allowed_hosts: [a, 1]}\n' },
      /^http\.allowed_hosts .*\["a",1\] is not allowed; allowed: a list of texts$/,
    ],
    ['a map where a value belongs', { yaml: 'http: {port: {a: 1}}\n' }, /^http\.port .*\{"a":1\} is not allowed/],
    [
      'a word for yes',
      { yaml: 'store: {offline: maybe}\n' },
      /^store\.offline .*"maybe" is not allowed; allowed: true or false$/,
    ],
    [
      'threads',
      { yaml: 'models: {detector: {threads: 0}}\n' },
      /^models\.detector\.threads .*0 is not allowed; allowed: auto or a whole number, 1 or more$/,
    ],
    [
      'unknown key',
      { yaml: 'http:\n  prot: 1\n' },
      /^http\.prot \(my\.yaml:2\): unknown setting \(did you mean "port"\?\)$/,
    ],
    [
      'unknown key, nothing near',
      { yaml: 'http: {zzzzzz: 1}\n' },
      /^http\.zzzzzz .*unknown setting; known in http: host, port, allowed_hosts, allowed_origins$/,
    ],
    [
      'unknown section',
      { yaml: 'htpt: {port: 1}\n' },
      /^htpt \(my\.yaml:1\): unknown setting \(did you mean "http"\?\)$/,
    ],
    [
      'unknown key of a model',
      { yaml: 'models: {detector: {versoin: x}}\n' },
      /^models\.detector\.versoin .*did you mean "version"/,
    ],
    ['section that is a value', { yaml: 'http: 8080\n' }, /^http \(my\.yaml:1\): must be a map of settings/],
    ['a list as file', { yaml: '- 1\n' }, /^the file \(my\.yaml:1\): must be a map of settings/],
    ['broken YAML', { yaml: 'http:\n  port: [1\n' }, /^my\.yaml:\d+: not valid YAML: /],
    ['a key twice', { yaml: 'http: {port: 1}\nhttp: {port: 2}\n' }, /^my\.yaml:2: not valid YAML: /],
    [
      'new model without version',
      { yaml: 'models:\n  detektor: {threads: 1}\n' },
      /^models\.detektor \(my\.yaml:2\): a new model needs "version".*\(did you mean "detector"\?\)$/,
    ],
    [
      'a name that is none',
      { yaml: 'models: {My_Model: {version: a}}\n' },
      /^models\.My_Model: not a model name; allowed: small letters, digits and dashes$/,
    ],
    [
      'unknown environment',
      { env: { FACEPOOL_HTPP_PORT: '1' } },
      /^FACEPOOL_HTPP_PORT \(environment\): unknown setting \(did you mean "FACEPOOL_HTTP_PORT"\?\)$/,
    ],
    [
      'unknown model in the environment',
      { env: { FACEPOOL_MODELS_DETECTR_VERSION: 'x' } },
      /did you mean "FACEPOOL_MODELS_DETECTOR_VERSION"/,
    ],
    [
      'wrong environment',
      { env: { FACEPOOL_HTTP_PORT: '80a' } },
      /^http\.port \(FACEPOOL_HTTP_PORT\): "80a" is not allowed; .*65535$/,
    ],
    ['empty number', { env: { FACEPOOL_HTTP_PORT: '' } }, /^http\.port \(FACEPOOL_HTTP_PORT\): "" is not allowed/],
    [
      'wrong flag value',
      flag('limits.queue', '0'),
      /^limits\.queue \(--set limits\.queue=0\): 0 is not allowed; allowed: a whole number, 1 or more$/,
    ],
    [
      'unknown --set',
      flag('log.levl', 'x'),
      /^log\.levl \(--set log\.levl=x\): unknown setting \(did you mean "log\.level"\?\)$/,
    ],
    ['--set of a section', flag('http', 'x'), /^http \(--set http=x\): unknown setting/],
    ...['cuda', 'gpu0', 'CPU', 'GPU-', 'cuda:0,1', ''].map((device): [string, Given, RegExp] => [
      `device "${device}"`,
      { yaml: `models: {detector: {device: "${device}"}}\n` },
      new RegExp(
        `^models\\.detector\\.device \\(my\\.yaml:1\\): "${device}" is not allowed; allowed: cpu, auto, cuda:N, GPU-<uuid> or MIG-<uuid>$`,
      ),
    ]),
    ...['6000', 'cuda:0', 'cuda:0=6GB', 'cpu=0', 'gpu=1', 'auto=5', 'cpu = 5'].map(
      (budget): [string, Given, RegExp] => [
        `budget "${budget}"`,
        { yaml: `memory: {budgets: [cpu=2, "${budget}"]}\n` },
        /^memory\.budgets \(my\.yaml:1\): \["cpu=2",.*\] is not allowed; allowed: a list of device=MB, e\.g\. cpu=2000 or cuda:0=6000$/,
      ],
    ),
    ['priority', { yaml: 'models: {detector: {priority: 101}}\n' }, /allowed: a whole number from -100 to 100$/],
    [
      'residency',
      { yaml: 'models: {detector: {residency: lazy}}\n' },
      /"lazy" is not allowed; allowed: one of resident, on_demand$/,
    ],
  ];
  for (const [name, given, message] of table) {
    it(name, (t) => {
      const problems = problemsOf(t, given);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', message);
    });
  }

  it('tells all faults at once', (t) => {
    const problems = problemsOf(t, {
      yaml: 'http: {port: x, hots: y}\nlog: {level: z}\n',
      env: { FACEPOOL_X: '1' },
      flags: [{ key: 'a.b', value: '', flag: '--set a.b=' }],
    });
    assert.equal(problems.length, 5, problems.join('\n'));
  });

  it('says what is wrong with the file itself', (t) => {
    const cwd = tempDir(t);
    mkdirSync(path.join(cwd, 'folder'));
    for (const [file, why] of [
      ['none.yaml', /^none\.yaml: .*there is no such file$/],
      ['folder', /it is a directory$/],
    ] as const) {
      assert.throws(() => loadSettings({ env: {}, cwd, file }), { name: 'ConfigError', message: why });
    }
  });

  it('a model cannot be named like a part of every object', (t) => {
    for (const name of ['__proto__', 'constructor']) {
      const yaml = `models:\n  ${name}: {version: x, polluted: 1}\n`;
      assert.ok(problemsOf(t, { yaml }).length > 0);
    }
    assert.equal(Reflect.get({}, 'version'), undefined);
  });
});
