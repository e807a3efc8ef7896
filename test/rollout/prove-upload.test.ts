import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PreparedModel } from '../../src/models/resolve.ts';
import { proveUpload, type ProveUploadDeps } from '../../src/rollout/prove-upload.ts';
import type { ModelEntry } from '../../src/supervisor/model-entry.ts';
import { detectorManifest } from '../fixtures/manifests.ts';

const PREPARED = { manifest: { ...detectorManifest(), version: 'v2' } } as PreparedModel;
const { signal } = new AbortController();

function rig(broken: { load?: Error; stop?: Error } = {}) {
  const did: string[] = [];
  const models = new Map<string, ModelEntry>();
  const deps: ProveUploadDeps = {
    supervisor: {
      models,
      addVersion: (model, version) => {
        did.push('add');
        const entry = { name: `${model}@${version}` } as ModelEntry;
        models.set(entry.name, entry);
        return entry;
      },
    },
    ports: {
      hide: (entry) => {
        did.push(`hide ${entry}`);
        return () => did.push('show');
      },
      load: async () => {
        did.push('load');
        if (broken.load !== undefined) throw broken.load;
        return { phasesMs: {}, bytes: null };
      },
      stop: async () => {
        did.push('stop');
        if (broken.stop !== undefined) throw broken.stop;
      },
      remove: (entry) => {
        did.push('remove');
        models.delete(entry);
      },
    },
  };
  return { deps, did };
}

const TO_THE_LOAD = ['add', 'hide detector@v2', 'load'];

test('it is loaded where no swap sees it, and nothing of its process is left', async () => {
  const { deps, did } = rig();
  await proveUpload(deps, 'detector', PREPARED, signal);
  assert.deepEqual(did, [...TO_THE_LOAD, 'stop', 'remove', 'show']);
});

test('what does not load is ended just so, and its reason is told', async () => {
  const { deps, did } = rig({ load: new Error('wrong golden') });
  await assert.rejects(proveUpload(deps, 'detector', PREPARED, signal), /wrong golden/);
  assert.deepEqual(did, [...TO_THE_LOAD, 'stop', 'remove', 'show']);
});

test('what cannot be ended is left for the next swap to find', async () => {
  const { deps, did } = rig({ stop: new Error('it does not go') });
  await assert.rejects(proveUpload(deps, 'detector', PREPARED, signal), /does not go/);
  assert.deepEqual(did, [...TO_THE_LOAD, 'stop', 'show']);
});

test('the same version twice at once is a conflict', async () => {
  const { deps } = rig();
  deps.supervisor.addVersion('detector', 'v2', PREPARED.manifest);
  await assert.rejects(proveUpload(deps, 'detector', PREPARED, signal), { code: 'conflict', param: 'version' });
});
