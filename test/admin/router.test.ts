import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { alertsAnswerSchema } from '../../src/contract/history.ts';
import { modelsAnswerSchema, modelStatusSchema, planSchema, problemSchema } from '../../src/contract/results.ts';
import { type FakeServer, fakeServer } from '../cli/support/server.ts';
import { fakeObservatory } from '../http/support/observatory.ts';
import { PLAN } from '../http/support/server.ts';

type Answer = { status: number; headers: NodeJS.Dict<string | string[]>; body: string };

function ask({ socketPath }: FakeServer, method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }), reject);
    });
    call.once('error', reject).end();
  });
}

it('lists the processes, and gives one', async (t) => {
  const server = await fakeServer(t);
  const { models } = modelsAnswerSchema.parse(JSON.parse((await ask(server, 'GET', '/v1/models')).body));
  assert.deepEqual(
    models.map(({ name }) => name),
    ['imaging', 'detector'],
  );
  const one = modelStatusSchema.parse(JSON.parse((await ask(server, 'GET', '/v1/models/detector')).body));
  assert.equal(one.version, 'yunet-n');
});

it('an action answers 202 at once with the place to look', async (t) => {
  const gate = Promise.withResolvers<void>();
  const server = await fakeServer(t, { gate: gate.promise });
  const { status, headers, body } = await ask(server, 'POST', '/v1/models/detector/restart');
  assert.equal(status, 202);
  assert.equal(headers['location'], '/v1/models/detector');
  assert.equal(modelStatusSchema.parse(JSON.parse(body)).state, 'stopping');
  assert.deepEqual(server.calls, ['restart detector']);
  gate.resolve();
});

it('with wait=true it answers 200 when it is done', async (t) => {
  const server = await fakeServer(t);
  for (const [action, state] of [
    ['stop', 'stopped'],
    ['start', 'ready'],
    ['restart', 'ready'],
    ['unload', 'stopped'],
    ['load', 'ready'],
  ] as const) {
    const { status, body } = await ask(server, 'POST', `/v1/models/detector/${action}?wait=true`);
    assert.equal(status, 200);
    assert.equal(modelStatusSchema.parse(JSON.parse(body)).state, state);
  }
  const actions = ['stop', 'start', 'restart', 'unload', 'load'];
  assert.deepEqual(
    server.calls,
    actions.map((action) => `${action} detector`),
  );
});

it('pin and unpin answer at once with the model', async (t) => {
  const server = await fakeServer(t);
  for (const [action, pinned] of [
    ['pin', true],
    ['unpin', false],
  ] as const) {
    const { status, body } = await ask(server, 'POST', `/v1/models/detector/${action}`);
    assert.equal(status, 200);
    assert.equal(modelStatusSchema.parse(JSON.parse(body)).pinned, pinned);
  }
  assert.deepEqual(server.calls, ['pin detector', 'unpin detector']);
});

it('a plan says what loading would take, and changes nothing', async (t) => {
  const server = await fakeServer(t);
  const { status, body } = await ask(server, 'GET', '/v1/models/detector/plan');
  assert.equal(status, 200);
  assert.deepEqual(planSchema.parse(JSON.parse(body)), PLAN);
  assert.deepEqual([server.calls, server.audited], [[], []]);
});

it('no room to load: 503 with when to come again', async (t) => {
  const load = () => Promise.reject(new FacepoolError('memory_exhausted', 'no room', { retryAfterS: 20 }));
  const server = await fakeServer(t, { control: { load } });
  const { status, headers, body } = await ask(server, 'POST', '/v1/models/detector/load?wait=true');
  assert.equal(status, 503);
  assert.equal(headers['retry-after'], '20');
  assert.equal(problemSchema.parse(JSON.parse(body)).code, 'memory_exhausted');
});

it('an action that fails is told to who waits, and logged when nobody does', async (t) => {
  const start = () => Promise.reject(new FacepoolError('model_missing', 'no weights'));
  const server = await fakeServer(t, { control: { start } });
  const waited = await ask(server, 'POST', '/v1/models/detector/start?wait=1');
  assert.equal(waited.status, 503);
  assert.equal(problemSchema.parse(JSON.parse(waited.body)).code, 'model_missing');
  assert.equal((await ask(server, 'POST', '/v1/models/detector/start')).status, 202);
  assert.deepEqual(server.warnings, [
    { action: 'start', model: 'detector', code: 'model_missing', reason: 'no weights' },
  ]);
});

it('gives the last lines of the log', async (t) => {
  const server = await fakeServer(t);
  const { headers, body } = await ask(server, 'GET', '/v1/models/detector/logs?lines=2');
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(body, 'two\nthree\n');
  assert.equal((await ask(server, 'GET', '/v1/models/detector/logs')).body, 'one\ntwo\nthree\n');
  assert.equal((await ask(server, 'GET', '/v1/models/detector/logs?lines=0')).body, '');
  assert.equal((await ask(server, 'HEAD', '/v1/models/detector/logs')).body, '');
});

it('refuses what it does not know, as problem+json', async (t) => {
  const server = await fakeServer(t);
  const table: [string, string, number, string, string | undefined][] = [
    ['POST', '/v1/models/nobody/restart', 404, 'not_found', 'model'],
    ['GET', '/v1/models/nobody', 404, 'not_found', 'model'],
    ['GET', '/v1/models/nobody/logs', 404, 'not_found', 'model'],
    ['GET', '/v1/models/imaging/logs', 404, 'not_found', undefined],
    ['GET', '/v1/models/detector/restart', 405, 'method_not_allowed', undefined],
    ['DELETE', '/v1/models', 405, 'method_not_allowed', undefined],
    ['POST', '/v1/models/detector/logs', 405, 'method_not_allowed', undefined],
    ['POST', '/v1/models/detector/restart?wait=maybe', 400, 'invalid_argument', 'wait'],
    ['POST', '/v1/models/detector/restart?force=true', 400, 'unknown_option', 'force'],
    ['GET', '/v1/models/detector/logs?lines=-1', 400, 'invalid_argument', 'lines'],
    ['GET', '/v1/models/detector/logs?lines=1000000', 400, 'invalid_argument', 'lines'],
    ['GET', '/v1/models/detector/logs?lines=1&lines=2', 400, 'invalid_argument', 'lines'],
    ['GET', '/v1/models/detector/logs?tail=3', 400, 'unknown_option', 'tail'],
    ['GET', '/v1/models?x=1', 400, 'unknown_option', 'x'],
    ['POST', '/v1/models/detector/explode', 404, 'not_found', undefined],
    ['POST', '/v1/models/nobody/load', 404, 'not_found', 'model'],
    ['POST', '/v1/models/nobody/pin', 404, 'not_found', 'model'],
    ['GET', '/v1/models/nobody/plan', 404, 'not_found', 'model'],
    ['POST', '/v1/models/imaging/load', 400, 'invalid_argument', 'model'],
    ['POST', '/v1/models/imaging/unload', 400, 'invalid_argument', 'model'],
    ['POST', '/v1/models/imaging/pin', 400, 'invalid_argument', 'model'],
    ['GET', '/v1/models/imaging/plan', 400, 'invalid_argument', 'model'],
    ['GET', '/v1/models/detector/load', 405, 'method_not_allowed', undefined],
    ['POST', '/v1/models/detector/plan', 405, 'method_not_allowed', undefined],
    ['POST', '/v1/models/detector/pin?wait=true', 400, 'unknown_option', 'wait'],
    ['GET', '/v1/models/detector/plan?wait=true', 400, 'unknown_option', 'wait'],
    ['GET', '/v1/models/%zz', 400, 'invalid_argument', undefined],
  ];
  for (const [method, path, status, code, param] of table) {
    const answer = await ask(server, method, path);
    const problem = problemSchema.parse(JSON.parse(answer.body));
    assert.deepEqual([answer.status, problem.code, problem.param], [status, code, param], `${method} ${path}`);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    if (status === 405) assert.ok(answer.headers['allow'], path);
  }
  assert.deepEqual(server.calls, []);
});

it('writes down every action with its end, and nothing that was only read', async (t) => {
  const start = () => Promise.reject(new FacepoolError('model_missing', 'no weights'));
  const server = await fakeServer(t, { control: { start } });
  await ask(server, 'POST', '/v1/models/detector/restart?wait=true');
  await ask(server, 'POST', '/v1/models/detector/start?wait=true');
  await ask(server, 'POST', '/v1/models/detector/unload?wait=true');
  await ask(server, 'POST', '/v1/models/detector/unpin');
  await ask(server, 'GET', '/v1/models/detector');
  await ask(server, 'GET', '/v1/models/detector/plan');
  await ask(server, 'POST', '/v1/models/nobody/stop');
  assert.deepEqual(server.audited, [
    { who: 'socket', action: 'model.restart', target: 'detector', result: 'ok' },
    { who: 'socket', action: 'model.start', target: 'detector', result: 'model_missing' },
    { who: 'socket', action: 'model.unload', target: 'detector', result: 'ok' },
    { who: 'socket', action: 'model.unpin', target: 'detector', result: 'ok' },
  ]);
});

it('the socket needs no key and has no rate, whatever the settings say', async (t) => {
  const server = await fakeServer(t, { auth: { mode: 'required', rate_limit_per_minute: 1 } });
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await ask(server, 'GET', '/metrics')).status, 200);
    assert.equal((await ask(server, 'GET', '/v1/models/detector')).status, 200);
  }
});

it('silences an alert rule for a while, and ends that', async (t) => {
  const observatory = fakeObservatory();
  const server = await fakeServer(t, { observatory });
  for (const [query, minutes] of [
    ['', 60],
    ['?minutes=5', 5],
    ['?minutes=0', 0],
  ] as const) {
    const { status, body } = await ask(server, 'POST', `/v1/alerts/gpu-busy/silence${query}`);
    assert.equal(status, 200);
    const [alert] = alertsAnswerSchema.parse(JSON.parse(body)).alerts;
    assert.equal(alert?.silenced_until === null, minutes === 0);
  }
  assert.deepEqual(observatory.silenced, [
    ['gpu-busy', 3_600_000],
    ['gpu-busy', 300_000],
    ['gpu-busy', 0],
  ]);
  const line = { who: 'socket', action: 'alert.silence', target: 'gpu-busy', result: 'ok' };
  assert.deepEqual(
    server.audited,
    [60, 5, 0].map((minutes) => ({ ...line, minutes })),
  );
});

it('silences nothing that is no rule, nor for a time that is none', async (t) => {
  const server = await fakeServer(t);
  for (const [method, path, status, code, param] of [
    ['POST', '/v1/alerts/nobody/silence', 404, 'not_found', 'rule'],
    ['POST', '/v1/alerts/gpu-busy/silence?minutes=-1', 400, 'invalid_argument', 'minutes'],
    ['POST', '/v1/alerts/gpu-busy/silence?minutes=10081', 400, 'invalid_argument', 'minutes'],
    ['POST', '/v1/alerts/gpu-busy/silence?hours=1', 400, 'unknown_option', 'hours'],
    ['GET', '/v1/alerts/gpu-busy/silence', 405, 'method_not_allowed', undefined],
  ] as const) {
    const answer = await ask(server, method, path);
    const problem = problemSchema.parse(JSON.parse(answer.body));
    assert.deepEqual([answer.status, problem.code, problem.param], [status, code, param], path);
  }
  assert.deepEqual(server.audited, []);
});

it('gives what the server tells of itself on the socket too', async (t) => {
  const server = await fakeServer(t, { auth: { mode: 'required' } });
  for (const path of ['/v1/gpu', '/v1/alerts', '/v1/insight', '/v1/history', '/v1/events?format=json']) {
    assert.equal((await ask(server, 'GET', path)).status, 200, path);
  }
});
