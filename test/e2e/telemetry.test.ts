/**
 * onnxruntime sends telemetry on Linux unless it is told not to; what it would send it first writes under HOME. A whole
 * server leaves nothing there. The control, that onnxruntime as it comes does write, is in test/workers/telemetry.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { facesOf, post, postForm, verifyOf } from './support/client.ts';
import { withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';

it('a server whose every model has worked writes nothing under HOME', { skip }, async (t) => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'facepool-e2e-home-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const xdg = Object.keys(process.env).filter((name) => name.startsWith('XDG_'));
  const env = {
    HOME: home,
    ...Object.fromEntries(xdg.map((name) => [name, undefined])),
    // The supervisor has to see to it, whatever the server itself was given.
    ORT_DISABLE_TELEMETRY: '0',
    FACEPOOL_MODELS_LIVENESS_OPINIONS: 'true',
    FACEPOOL_STORE_OFFLINE: 'true',
  };
  await withServer({ env, prepared: false }, async (server) => {
    const image = picture('photos/person-vlado.jpg');
    const query = { fields: 'ood,quality,liveness,embedding,crop' };
    const { faces } = facesOf(await post(server, '/recognize', image, query));
    assert.equal(faces.length, 1);
    assert.equal(faces[0]?.liveness?.opinions.length, 2, 'every graph of the default pack has run');
    verifyOf(await postForm(server, '/verify', { source_image: image, target_image: image }));
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    for (const model of ['detector', 'recognizer', 'liveness']) {
      assert.ok((await server.metric('facepool_inferences_total', { model, result: 'ok' })) > 0, model);
    }
    for (const { name, pid } of await server.models()) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      assert.ok(environment.includes('ORT_DISABLE_TELEMETRY=1'), name);
      assert.ok(environment.includes(`HOME=${home}`), name);
    }
    assert.deepEqual(readdirSync(home), []);
  });
  assert.deepEqual(readdirSync(home), [], 'nor when it ends');
});
