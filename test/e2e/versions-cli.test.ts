/** Another version of the detector by the command line, on a real server: registered, tried, promoted and taken back. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { stringify } from 'yaml';
import { facesAnswerSchema } from '../../src/contract/results.ts';
import { swapSchema, versionsAnswerSchema } from '../../src/contract/rollout.ts';
import { loadManifest, MANIFEST_FILE } from '../../src/models/manifest-file.ts';
import { DETECTOR_ALONE, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { bundledDir, sharedWeights } from './support/swap-parts.ts';

const NEXT = 'yunet-cli';

/** A manifest and its licence in a folder of its own; the path of the weights, which keep their name. */
async function nextVersion(folder: string): Promise<{ readonly manifest: string; readonly weights: string }> {
  const bundled = bundledDir('detector');
  const { version: _, ...rest } = await loadManifest(bundled);
  const manifest = path.join(folder, MANIFEST_FILE);
  mkdirSync(folder);
  writeFileSync(manifest, stringify({ ...rest, version: NEXT }));
  copyFileSync(path.join(bundled, rest.licence.file), path.join(folder, rest.licence.file));
  const [graph] = rest.graphs;
  assert.ok(graph !== undefined);
  return { manifest, weights: sharedWeights(graph) };
}

it('a version is registered, tried, promoted and taken back', { skip }, async () => {
  await withServer({ env: DETECTOR_ALONE }, async (server) => {
    const folder = path.join(server.dataDir, 'new');
    const { manifest, weights } = await nextVersion(folder);
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await server.cli(...args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const versions = async () => versionsAnswerSchema.parse(JSON.parse(await run('versions', 'detector', '--json')));
    const swapped = async (...args: string[]) => swapSchema.parse(JSON.parse(await run(...args, '--wait', '--json')));
    const alias = async (client: string) => {
      const headers = { 'Content-Type': 'image/jpeg', 'X-Client-Id': client };
      const body = Uint8Array.from(picture('photos/solvay1927.jpg'));
      const answer = await fetch(`${server.url}/detect`, { method: 'POST', body, headers });
      return facesAnswerSchema.parse(await answer.json()).models.detector?.version;
    };

    const nobody = path.join(folder, 'broken.onnx');
    writeFileSync(nobody, 'this is no graph');
    const refused = await server.cli('models', 'add', 'detector', NEXT, '--manifest', manifest, '--weights', nobody);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /broken\.onnx/);

    const added = await server.cli('models', 'add', 'detector', NEXT, '--manifest', manifest, '--weights', weights);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, /check .*\n.*receive .*\n.*inspect .*\n.*import .*\n.*prove .*\n.*register /);
    assert.deepEqual(
      (await versions()).versions.map(({ version, aliases }) => [version, aliases]),
      [
        [NEXT, []],
        ['yunet-n', ['stable']],
      ],
      'registering moves nothing',
    );

    const canary = await swapped('canary', 'detector', NEXT, '--percent', '50', '--if-generation', '0');
    assert.deepEqual([canary.state, canary.percent], ['live', 50]);
    const clients = Array.from({ length: 12 }, (_, n) => `client ${n}`);
    const first = await Promise.all(clients.map(alias));
    assert.deepEqual(new Set(first), new Set([NEXT, 'yunet-n']));
    assert.deepEqual(await Promise.all(clients.map(alias)), first, 'the same client gets the same version');

    assert.equal((await swapped('promote', 'detector')).state, 'done');
    assert.equal((await versions()).stable, NEXT);
    assert.equal((await server.cli('models', 'remove', 'detector', NEXT)).code, 4, 'it serves');
    await swapped('rollback', 'detector', '--why', 'enough');
    const after = await versions();
    assert.deepEqual([after.stable, after.history[0]?.why, after.history[0]?.by], ['yunet-n', 'enough', 'socket']);
    assert.equal(await alias('client 0'), 'yunet-n');
    assert.equal(
      (await server.cli('swap', 'detector', NEXT, '--if-generation', '0')).code,
      4,
      'the aliases have moved',
    );
  });
});
