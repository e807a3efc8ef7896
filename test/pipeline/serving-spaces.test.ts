import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { servingSpaces } from '../../src/pipeline/serving-spaces.ts';
import type { NamedRouter, Routers } from '../../src/router/routers.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { detectorManifest, recognizerManifest } from '../fixtures/manifests.ts';

function routers(found: Readonly<Record<string, object | 'unreadable'>>) {
  const open = { now: 0 };
  const begin: Routers['begin'] = (_client, only) => {
    assert.equal(only, 'stable');
    open.now += 1;
    return {
      model(name) {
        const manifest = found[name];
        if (manifest === 'unreadable') throw new FacepoolError('model_failed', 'line 3');
        return manifest === undefined ? undefined : ({ name, manifest } as NamedRouter);
      },
      end: () => void (open.now -= 1),
    };
  };
  return { begin, open };
}

function models(...names: string[]) {
  const { models: all } = testSettings('/nowhere');
  const model = all['recognizer'];
  assert.ok(model !== undefined);
  return { models: Object.fromEntries(names.map((name) => [name, { ...model, enabled: name !== 'off' }])) };
}

test('what the recognizers embed in, and null for what cannot be read or is not there yet', () => {
  const recognizer = recognizerManifest();
  const { begin, open } = routers({ detector: detectorManifest(), recognizer, odd: 'unreadable', off: recognizer });
  const { space, dim } = recognizer.recognizer;
  const found = servingSpaces(models('detector', 'recognizer', 'odd', 'late', 'off'), begin);
  assert.deepEqual(
    found.map((one) => one && { space: one.space, dim: one.dim }),
    [{ space, dim }, null, null],
  );
  assert.equal(open.now, 0, 'nothing is held');
});
