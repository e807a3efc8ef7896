import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { peopleCheckSchema, peopleStatusSchema } from '../../../src/contract/people.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { reembedSchema } from '../../../src/contract/reembed.ts';
import { CHECK, fakeReembedding, REEMBED, STATUS } from '../support/people.ts';
import { peopleClient } from '../support/people-client.ts';
import { until } from '../support/server.ts';

const REEMBED_PATH = '/v1/people/reembed';

describe('all people', () => {
  it('have a state, also while they are off, loading or failed', async (t) => {
    for (const state of ['off', 'empty', 'loading', 'ready', 'failed'] as const) {
      const { ask } = await peopleClient(t, { status: () => ({ ...STATUS, state, detail: 'why' }) });
      const answer = await ask('GET', '/v1/people', { as: ['people:read'] });
      assert.equal(answer.status, 200);
      assert.deepEqual(peopleStatusSchema.parse(await answer.json()), { ...STATUS, state, detail: 'why' });
    }
    const { refused } = await peopleClient(t);
    assert.equal((await refused('GET', '/v1/people?all=1')).code, 'unknown_option');
    assert.equal((await refused('GET', '/people')).code, 'not_found');
  });

  it('are checked for administrators, as long as it takes', async (t) => {
    const faults = ['the search knows 3 of 4 faces'];
    const { ask, refused, audited, who } = await peopleClient(t, {
      check: async () => ({ ...CHECK, ok: false, faults }),
    });
    const answer = await ask('POST', '/v1/people/check');
    assert.deepEqual([answer.status, peopleCheckSchema.parse(await answer.json()).faults], [200, faults]);
    assert.deepEqual(audited, [{ who, action: 'people.check', target: 'all', result: 'ok', faults: 1 }]);
    assert.equal((await refused('POST', '/v1/people/check', { as: ['people:write'] })).code, 'forbidden');
    assert.equal((await refused('POST', '/v1/people/check?x=1')).code, 'unknown_option');
  });

  it('are checked by one at a time, also while nobody waits for it any more', async (t) => {
    const { promise, resolve } = Promise.withResolvers<typeof CHECK>();
    let begun = 0;
    const { ask, refused, audited } = await peopleClient(t, {
      check: () => {
        begun += 1;
        return promise;
      },
    });
    const gone = new AbortController();
    const asking = ask('POST', '/v1/people/check', { signal: gone.signal });
    await until(() => begun === 1);
    const second = await ask('POST', '/v1/people/check');
    assert.deepEqual([second.status, second.headers.get('retry-after')], [429, '10']);
    assert.equal(problemSchema.parse(await second.json()).detail, 'Only one client at a time may check people.');
    gone.abort();
    await assert.rejects(asking);
    assert.equal((await refused('POST', '/v1/people/check')).code, 'queue_full');
    resolve(CHECK);
    await until(() => audited.length === 1);
    assert.equal((await ask('POST', '/v1/people/check')).status, 200);
    assert.equal(begun, 2);
  });

  it('a check that nobody waits for is written down all the same', async (t) => {
    const { promise, resolve } = Promise.withResolvers<typeof CHECK>();
    let begun = false;
    const { ask, audited } = await peopleClient(t, {
      check: () => {
        begun = true;
        return promise;
      },
    });
    const gone = new AbortController();
    const asking = ask('POST', '/v1/people/check', { signal: gone.signal });
    await until(() => begun);
    gone.abort();
    await assert.rejects(asking);
    resolve(CHECK);
    await until(() => audited.length === 1);
    assert.equal(audited[0]?.result, 'ok');
  });
});

describe('the change to another space', () => {
  it('is begun, looked at and stopped', async (t) => {
    const reembedding = fakeReembedding();
    const { ask, refused, audited } = await peopleClient(t, {}, { reembedding });
    for (const method of ['GET', 'DELETE']) assert.equal((await refused(method, REEMBED_PATH)).code, 'not_found');
    const begun = await ask('POST', REEMBED_PATH, { body: { version: 'other' } });
    assert.deepEqual([begun.status, begun.headers.get('location')], [202, REEMBED_PATH]);
    assert.deepEqual(reembedSchema.parse(await begun.json()), REEMBED);
    assert.deepEqual(await (await ask('GET', REEMBED_PATH)).json(), REEMBED);
    const stopped = await ask('DELETE', REEMBED_PATH);
    assert.deepEqual([stopped.status, reembedSchema.parse(await stopped.json()).state], [200, 'cancelled']);
    assert.deepEqual(reembedding.calls, [{ model: 'recognizer', version: 'other' }, 'cancel']);
    assert.deepEqual(
      audited.map(({ action, target, version, result }) => [action, target, version, result]),
      [
        ['people.reembed', 'recognizer', 'other', 'ok'],
        ['people.reembed_cancel', 'recognizer', undefined, 'ok'],
      ],
    );
  });

  it('is refused in its own words', async (t) => {
    const start = (): Promise<never> => Promise.reject(new FacepoolError('conflict', 'one runs'));
    const { refused, audited } = await peopleClient(t, {}, { reembedding: { ...fakeReembedding(), start } });
    assert.equal((await refused('POST', REEMBED_PATH, { body: { version: 'other' } })).code, 'conflict');
    assert.equal(audited[0]?.result, 'conflict');
    for (const [body, param] of [
      [{}, 'version'],
      [{ version: 7 }, 'version'],
      [{ version: 'a', force: true }, 'force'],
    ] as const) {
      const problem = await refused('POST', REEMBED_PATH, { body });
      assert.deepEqual([problem.code, problem.param], ['invalid_argument', param]);
    }
    for (const method of ['GET', 'POST', 'DELETE']) {
      assert.equal((await refused(method, REEMBED_PATH, { as: ['people:write'] })).code, 'forbidden', method);
      assert.equal((await refused(method, `${REEMBED_PATH}?x=1`)).code, 'unknown_option', method);
    }
  });

  it('is not there over TCP without admin.http', async (t) => {
    const { refused } = await peopleClient(t, {}, { adminHttp: false });
    for (const [method, path] of [
      ['GET', REEMBED_PATH],
      ['POST', '/v1/people/check'],
      ['POST', '/v1/people/restore'],
      ['GET', '/v1/people/backup'],
      ['GET', '/v1/collections/default/export'],
    ] as const) {
      assert.equal((await refused(method, path)).code, 'not_found', path);
    }
  });
});
