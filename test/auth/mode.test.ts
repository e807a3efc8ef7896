import assert from 'node:assert/strict';
import { it } from 'node:test';
import { keysNeeded, startFault, startWarnings } from '../../src/auth/mode.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { looseKey } from '../fixtures/auth/keys.ts';

type Mode = Settings['auth']['mode'];

function settings(mode: Mode, host: string): Pick<Settings, 'auth' | 'http' | 'data_dir'> {
  return {
    data_dir: '/data',
    auth: { mode, rate_limit_per_minute: 0, burst: 0 },
    http: { host, port: 8080, allowed_hosts: [], allowed_origins: [] },
  };
}

const NOW = new Date('2026-06-01T00:00:00.000Z');
const { key } = looseKey();
const { key: expired } = looseKey({ expires_at: '2026-05-01T00:00:00.000Z' });

it('keys are needed where others may reach the port, and where it is said so', () => {
  const table: [Mode, string, boolean][] = [
    ['auto', '127.0.0.1', false],
    ['auto', '::1', false],
    ['auto', 'localhost', false],
    ['auto', '0.0.0.0', true],
    ['auto', '::', true],
    ['auto', 'faces.example', true],
    ['required', '127.0.0.1', true],
    ['required', '0.0.0.0', true],
    ['disabled', '127.0.0.1', false],
    ['disabled', '0.0.0.0', false],
  ];
  for (const [mode, host, needed] of table) {
    assert.equal(keysNeeded(settings(mode, host)), needed, `${mode} ${host}`);
    assert.equal(startFault(settings(mode, host), []) !== null, needed, `${mode} ${host}`);
    assert.equal(startFault(settings(mode, host), [key]), null);
  }
});

it('says how to make the first key, and how to go without', () => {
  const fault = startFault(settings('auto', '0.0.0.0'), []) ?? '';
  assert.match(fault, /http\.host is 0\.0\.0\.0/);
  assert.match(fault, /facepool keys create --data-dir \/data --name <who> --scope infer/);
  assert.match(fault, /auth\.mode to disabled/);
  assert.match(
    startFault(settings('required', '127.0.0.1'), []) ?? '',
    /^auth\.mode is required, and there is none yet/,
  );
});

it('warns of a server that is open to all, and of one that nobody can use', () => {
  assert.match(startWarnings(settings('disabled', '0.0.0.0'), [], NOW).join(), /everyone who reaches 0\.0\.0\.0:8080/);
  assert.match(
    startWarnings(settings('auto', '0.0.0.0'), [expired], NOW).join(),
    /every API key is expired or revoked/,
  );
  assert.deepEqual(startWarnings(settings('auto', '0.0.0.0'), [expired, key], NOW), []);
  assert.deepEqual(startWarnings(settings('disabled', '127.0.0.1'), [], NOW), []);
  assert.deepEqual(startWarnings(settings('auto', '127.0.0.1'), [], NOW), []);
});
