import assert from 'node:assert/strict';
import { it } from 'node:test';
import { modelNames } from '../../../src/dashboard/public/versions/model-names.js';

it('names a model once, however many versions of it run', () => {
  const models = ['detector', 'detector@v2', 'recognizer@v9'].map((name) => ({ name, kind: 'model' as const }));
  assert.deepEqual(modelNames([...models, { name: 'imaging', kind: 'imaging' }]), ['detector', 'recognizer']);
});
