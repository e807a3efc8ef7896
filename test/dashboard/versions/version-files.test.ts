import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import {
  fieldOf,
  filesNamed,
  formOf,
  kindOf,
  missingFiles,
} from '../../../src/dashboard/public/versions/version-files.js';

const RECOGNIZER = readFileSync(new URL('../../../models/recognizer/omz-0095/manifest.yaml', import.meta.url), 'utf8');
const named = (...names: string[]) => names.map((name) => ({ name }));

it('knows by its name what a file is', () => {
  const kinds = ['manifest.yaml', 'm.YML', 'a.onnx', 'golden.json', 'LICENSE', 'LICENCE-omz', 'notice.txt', 'a.bin'];
  assert.deepEqual(kinds.map(kindOf), [
    ...['manifest', 'manifest', 'weights', 'golden', 'licence', 'licence', 'licence', 'weights'],
  ]);
});

it('reads name and version at the top of a manifest, and the files that it names', () => {
  assert.deepEqual([fieldOf(RECOGNIZER, 'name'), fieldOf(RECOGNIZER, 'version')], ['recognizer', 'omz-0095']);
  assert.equal(fieldOf('version: "v 2"', 'version'), '');
  assert.equal(fieldOf("version: 'v2' # new", 'version'), 'v2');
  assert.equal(fieldOf('graphs:\n  version: v2', 'version'), '');
  assert.deepEqual(filesNamed(RECOGNIZER), [
    ...['LICENSE-omz', 'LICENSE-lightqnet', 'omz_face_reid_0095_f16store.onnx', 'lightqnet_dm100.onnx', 'golden.json'],
  ]);
  assert.deepEqual(filesNamed('licence: { spdx: MIT, file: "LICENSE" }'), ['LICENSE']);
});

it('says what is still missing', () => {
  const manifest = 'version: v2\nlicence: { file: LICENSE }\ngraphs:\n  - file: a.onnx\ngolden:\n  file: golden.json\n';
  assert.equal(missingFiles(named('a.onnx'), ''), 'The manifest is missing (manifest.yaml).');
  assert.equal(
    missingFiles(named('manifest.yaml', 'a.onnx'), manifest),
    'The manifest names what is not chosen yet: LICENSE.',
  );
  assert.equal(missingFiles(named('manifest.yaml', 'a.onnx', 'LICENSE'), manifest), '');
  assert.equal(missingFiles(named('manifest.yaml'), 'version: v2'), 'The weights are missing.');
});

it('sends what is small and says what is to come before the weights', () => {
  const files = ['a.onnx', 'golden.json', 'manifest.yaml', 'LICENSE'].map((name) => new File(['x'], name));
  const fields = [...formOf('v2', files)].map(([field, value]) => [
    field,
    typeof value === 'string' ? value : value.name,
  ]);
  assert.deepEqual(fields, [
    ['version', 'v2'],
    ['manifest', 'manifest.yaml'],
    ['licence', 'LICENSE'],
    ['golden', 'golden.json'],
    ['files', 'a.onnx'],
  ]);
});
