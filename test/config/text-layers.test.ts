import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readEnvLayer, readFlagLayer } from '../../src/config/text-layers.ts';

const NAMED = {
  models: new Map([['face-2', 'my.yaml:1']]),
  tenants: new Map([['llm', 'my.yaml:5']]),
  alert_rules: new Map(),
};

it('reads variables as settings, and leaves those that are none alone', () => {
  const env = {
    FACEPOOL_HTTP_PORT: '9000',
    FACEPOOL_DATA_DIR: 'd',
    FACEPOOL_MODELS_FACE_2_PIN: 'true',
    FACEPOOL_TENANTS_LLM_RELEASE_URL: 'http://a/',
    FACEPOOL_CONFIG: 'my.yaml',
    FACEPOOL_PARENT_PID: '1',
    FACEPOOL_HTTP_HOST: undefined,
    PATH: '/bin',
  };
  const { assignments, problems, entries } = readEnvLayer(env, NAMED, '/srv');
  assert.deepEqual([problems, entries], [[], []]);
  assert.deepEqual(
    assignments.map(({ path, value, origin }) => [path.join('.'), value, origin]),
    [
      ['http.port', 9000, 'FACEPOOL_HTTP_PORT'],
      ['data_dir', '/srv/d', 'FACEPOOL_DATA_DIR'],
      ['models.face-2.pin', true, 'FACEPOOL_MODELS_FACE_2_PIN'],
      ['tenants.llm.release.url', 'http://a/', 'FACEPOOL_TENANTS_LLM_RELEASE_URL'],
    ],
  );
});

it('a name counts in its own section only', () => {
  for (const key of ['models.llm.pin', 'tenants.face-2.device']) {
    const { assignments, problems } = readFlagLayer([{ key, value: 'cpu', flag: '--set' }], NAMED, '/srv');
    assert.equal(assignments.length, 0);
    assert.match(problems[0] ?? '', /unknown setting/);
  }
});

it('reads flags, and names the flag of one that is wrong', () => {
  const flags = [
    { key: 'memory.budgets', value: 'cpu=1,cuda:0=2', flag: '--set memory.budgets=cpu=1,cuda:0=2' },
    { key: 'http.prot', value: '1', flag: '--set http.prot=1' },
  ];
  const { assignments, problems } = readFlagLayer(flags, NAMED, '/srv');
  assert.deepEqual(assignments, [
    { path: ['memory', 'budgets'], value: ['cpu=1', 'cuda:0=2'], origin: '--set memory.budgets=cpu=1,cuda:0=2' },
  ]);
  assert.deepEqual(problems, ['http.prot (--set http.prot=1): unknown setting (did you mean "http.port"?)']);
});
