import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { fakeChanges, RELOAD } from '../../http/support/changes.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('shows what differs and what came of it', async (t) => {
  const changes = fakeChanges();
  const { socketPath } = await fakeServer(t, { changes });
  const { code, out } = await run(['reload', '--socket', socketPath]);
  const lines = out.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '));
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    'SETTING  FROM  TO  EFFECT',
    'log.level  "info"  "debug"  applied',
    'http.port  8080  9000  needs restart',
    '',
    '1 change applied; 1 at the next start of the server.',
    '',
  ]);
  const dry = await run(['reload', '--dry-run', '--socket', socketPath]);
  assert.match(dry.out, /1 change would be applied; 1 at the next start/);
  assert.deepEqual(changes.calls, ['reload false', 'reload true']);
  const json = await run(['reload', '--dry-run', '--json', '--socket', socketPath]);
  assert.deepEqual(jsonLines(json.out), [{ ...RELOAD, dry_run: true }]);
});

it('says where nothing differs', async (t) => {
  const reload = async () => ({ dry_run: false, changes: [] });
  const { socketPath } = await fakeServer(t, { changes: fakeChanges({ reload }) });
  assert.equal((await run(['reload', '--socket', socketPath])).out, 'The configuration is the one that runs.\n');
});

it('a wrong configuration is refused (4), with every fault', async (t) => {
  const reload = () => Promise.reject(new ConfigError(['http.port: 70000 is not allowed', 'log.level: loud is not']));
  const { socketPath } = await fakeServer(t, { changes: fakeChanges({ reload }) });
  const { code, err } = await run(['reload', '--socket', socketPath]);
  assert.equal(code, 4);
  assert.match(err, /http\.port: 70000.*log\.level: loud/s);
  assert.equal((await run(['reload', 'now', '--socket', socketPath])).code, 2);
});
