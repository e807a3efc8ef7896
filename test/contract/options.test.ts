import assert from 'node:assert/strict';
import test from 'node:test';
import { FACE_FIELDS, OPTION_SCHEMAS, ROUTE_OPTIONS } from '../../src/contract/options.ts';
import type { OptionName } from '../../src/contract/options.ts';

const ACCEPTED: readonly (readonly [name: OptionName, text: string, value: unknown])[] = [
  ['det_threshold', '0.5', 0.5],
  ['det_threshold', ' .5 ', 0.5],
  ['det_threshold', '1e-1', 0.1],
  ['limit', '0', 0],
  ['min_face_size', '24.5', 24.5],
  ['fields', '', []],
  ['fields', ' landmarks , crop,', ['landmarks', 'crop']],
  ['fields', FACE_FIELDS.join(','), [...FACE_FIELDS]],
  ['embedding_format', 'base64', 'base64'],
  ['top_k', '100', 100],
  ['collection', 'staff', 'staff'],
  ['match_threshold', '1e-4', 1e-4],
  ['match_threshold', '-1', -1],
  ['liveness_policy', 'require', 'require'],
  ['ood_policy', 'report', 'report'],
  ['detector', 'yunet-2', 'yunet-2'],
  ['timeout_ms', '250', 250],
  ['crop_margin', '0.25', 0.25],
];
for (const [name, text, value] of ACCEPTED) {
  test(`${name}=${JSON.stringify(text)} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(OPTION_SCHEMAS[name].parse(text), value);
  });
}

const REFUSED: readonly (readonly [name: OptionName, text: string])[] = [
  ['det_threshold', '1.01'],
  ['det_threshold', '-0.1'],
  ['det_threshold', 'NaN'],
  ['det_threshold', 'Infinity'],
  ['det_threshold', '0x1'],
  ['det_threshold', ''],
  ['det_threshold', '.'],
  ['det_threshold', '0,5'],
  ['limit', '-1'],
  ['limit', '1.5'],
  ['limit', '1e3'],
  ['limit', '10001'],
  ['min_face_size', '1e400'],
  ['fields', 'landmarks,embeddings'],
  ['embedding_format', 'BASE64'],
  ['top_k', '0'],
  ['collection', ''],
  ['collection', 'x'.repeat(101)],
  ['match_threshold', '1.1'],
  ['liveness_policy', 'off'],
  ['detector', '../detector'],
  ['recognizer', '__proto__'],
  ['timeout_ms', '0'],
  ['crop_margin', '5'],
];
for (const [name, text] of REFUSED) {
  test(`${name}=${JSON.stringify(text.slice(0, 30))} is refused`, () => {
    assert.equal(OPTION_SCHEMAS[name].safeParse(text).success, false);
  });
}

test('every option is one of a route, once, and every route can be bounded in time', () => {
  const used = new Set<string>();
  for (const [route, names] of Object.entries(ROUTE_OPTIONS)) {
    assert.equal(new Set(names).size, names.length, route);
    assert.ok((names as readonly string[]).includes('timeout_ms'), route);
    for (const name of names) used.add(name);
  }
  assert.deepEqual([...used].sort(), Object.keys(OPTION_SCHEMAS).sort());
});

test('every option says what it is for', () => {
  for (const [name, schema] of Object.entries(OPTION_SCHEMAS)) {
    const needsWords = !['embedding_format'].includes(name);
    assert.ok(!needsWords || (schema.description ?? '').length > 8, name);
  }
});
