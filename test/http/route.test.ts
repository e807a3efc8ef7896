import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it, type TestContext } from 'node:test';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { FacepoolError } from '../../src/contract/errors.ts';
import { stateOf } from '../../src/http/request-state.ts';
import { addEndpoints, addRoute, type Endpoint } from '../../src/http/route.ts';

async function serve(t: TestContext, app: RequestListener): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open: RequestHandler = (_req, _res, next) => next();
const says = (text: string, more: Partial<Endpoint> = {}): Endpoint => ({
  label: 'models',
  access: open,
  handler: (req, res) => void res.send(`${text} ${stateOf(req).route}`),
  ...more,
});

async function example(t: TestContext) {
  const router = express.Router();
  const isAdmin: Endpoint['isHere'] = (req) => req.headers['x-admin'] === 'yes';
  addEndpoints(router, '/both', { get: says('read'), post: says('changed', { label: 'admin', isHere: isAdmin }) });
  addEndpoints(router, '/hidden', { delete: says('removed', { label: 'admin', isHere: isAdmin }) });
  addEndpoints(router, '/closed', {
    get: says('secret', {
      access: () => {
        throw new FacepoolError('unauthorized', 'no');
      },
    }),
  });
  addRoute(router, 'post', '/one', 'detect', open, async () => {
    throw new FacepoolError('no_face', 'none');
  });
  const failed: ErrorRequestHandler = (error, req, res, _next) => {
    const code = error instanceof FacepoolError ? error.code : String(error);
    res.status(error instanceof FacepoolError ? error.status : 500).send(`${code} ${stateOf(req).route}`);
  };
  const app = express().use(router);
  app.use((req, res) => void res.status(404).send(`nothing ${stateOf(req).route}`));
  const url = await serve(t, app.use(failed));
  return async (method: string, path: string, admin = 'no') => {
    const answer = await fetch(url + path, { method, headers: { 'X-Admin': admin } });
    return [answer.status, await answer.text(), answer.headers.get('allow')];
  };
}

it('answers each method of a path, and says which there are', async (t) => {
  const ask = await example(t);
  assert.deepEqual(await ask('GET', '/both'), [200, 'read models', null]);
  assert.deepEqual(await ask('HEAD', '/both'), [200, '', null]);
  assert.deepEqual(await ask('POST', '/both', 'yes'), [200, 'changed admin', null]);
  assert.deepEqual(await ask('OPTIONS', '/both', 'yes'), [204, '', 'GET, HEAD, POST, OPTIONS']);
  assert.deepEqual(await ask('DELETE', '/both', 'yes'), [405, 'method_not_allowed models', 'GET, HEAD, POST, OPTIONS']);
});

it('what is not there for a request is not told of', async (t) => {
  const ask = await example(t);
  assert.deepEqual(await ask('POST', '/both'), [405, 'method_not_allowed models', 'GET, HEAD, OPTIONS']);
  assert.deepEqual(await ask('OPTIONS', '/both'), [204, '', 'GET, HEAD, OPTIONS']);
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    assert.deepEqual(await ask(method, '/hidden'), [404, 'nothing other', null], method);
  }
  assert.deepEqual(await ask('DELETE', '/hidden', 'yes'), [200, 'removed admin', null]);
  assert.deepEqual(await ask('GET', '/hidden', 'yes'), [405, 'method_not_allowed admin', 'DELETE, OPTIONS']);
});

it('what the check or the handler throws is an error of the request', async (t) => {
  const ask = await example(t);
  assert.deepEqual(await ask('GET', '/closed'), [401, 'unauthorized models', null]);
  assert.deepEqual(await ask('POST', '/one'), [422, 'no_face detect', null]);
});
