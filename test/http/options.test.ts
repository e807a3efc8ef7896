import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FacepoolError } from '../../src/contract/errors.ts';
import { OPTION_SCHEMAS, type OptionName, ROUTE_OPTIONS, type RouteName } from '../../src/contract/options.ts';
import { allowedValues, type OptionPair, parseBoolean, parseOptions, queryPairs } from '../../src/http/options.ts';

/** A good and a bad value of every option, and what the good one becomes. */
const SAMPLES: Readonly<Record<OptionName, readonly [good: string, parsed: unknown, ...bad: string[]]>> = {
  det_threshold: ['0.5', 0.5, '1.1', '-0.1', 'x', '', 'NaN', 'Infinity', '0x1'],
  limit: ['3', 3, '-1', '1.5', 'x', '', '10001'],
  min_face_size: ['20', 20, '-1', 'big'],
  fields: ['landmarks, crop', ['landmarks', 'crop'], 'eyes', 'landmarks;crop'],
  embedding_format: ['base64', 'base64', 'hex', 'ARRAY'],
  top_k: ['5', 5, '0', '101'],
  collection: ['staff', 'staff', '', 'x'.repeat(65), 'a b', '-a'],
  match_threshold: ['1e-4', 1e-4, '2', 'strict'],
  liveness_policy: ['require', 'require', 'yes'],
  ood_policy: ['report', 'report', 'true'],
  detector: ['anime-detector', 'anime-detector', '../etc', 'A'],
  recognizer: ['recognizer', 'recognizer', ''],
  timeout_ms: ['500', 500, '0', '1.5', '9999999'],
  crop_margin: ['0.3', 0.3, '5', '-1'],
  subject: [' Zoe\u0308 M. ', 'Zo\u00eb M.', '', ' ', 'a\nb', 'x'.repeat(201)],
  several_faces: ['largest', 'largest', 'all', ''],
  similar: ['report', 'report', 'off', 'true'],
};

const code = (expected: string, param?: string) => (error: unknown) => {
  assert.equal((error as FacepoolError).code, expected);
  if (param !== undefined) assert.equal((error as FacepoolError).param, param);
  return true;
};

describe('options', () => {
  for (const name of Object.keys(OPTION_SCHEMAS) as OptionName[]) {
    it(`${name}: good values are parsed, bad ones are refused with what is allowed`, () => {
      const route = (Object.keys(ROUTE_OPTIONS) as RouteName[]).find((r) =>
        (ROUTE_OPTIONS[r] as readonly string[]).includes(name),
      );
      assert.ok(route !== undefined, 'some route has it');
      const [good, parsed, ...bad] = SAMPLES[name];
      assert.deepEqual(parseOptions(route, [[name, good]]), { [name]: parsed });
      for (const value of bad) {
        assert.throws(
          () => parseOptions(route, [[name, value]]),
          (error) => {
            code('invalid_argument', name)(error);
            assert.ok((error as Error).message.includes(allowedValues(name)));
            return true;
          },
          `${name}=${value}`,
        );
      }
    });
  }

  it('says in words what is allowed', () => {
    assert.equal(allowedValues('limit'), 'a whole number from 0 to 10000');
    assert.equal(allowedValues('det_threshold'), 'a number from 0 to 1');
    assert.equal(allowedValues('ood_policy'), 'one of report, require');
    assert.match(allowedValues('fields'), /^a comma list of landmarks, /);
    assert.equal(allowedValues('collection'), 'a name of letters, digits, dots and dashes, at most 64');
    assert.match(allowedValues('subject'), /^a name of 1 to 200 characters/);
  });

  it('names an unknown option and the known ones', () => {
    assert.throws(
      () => parseOptions('detect', [['treshold', '1']]),
      (error) => code('unknown_option', 'treshold')(error) && /det_threshold/.test((error as Error).message),
    );
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.throws(() => parseOptions('detect', [[name, '1']]), code('unknown_option', name));
    }
  });

  it('refuses an option of another route', () => {
    assert.throws(() => parseOptions('detect', [['top_k', '1']]), code('unknown_option', 'top_k'));
    assert.throws(() => parseOptions('verify', [['fields', 'crop']]), code('unknown_option', 'fields'));
  });

  it('takes the same value twice, but not two different ones', () => {
    const twice = (a: string, b: string): OptionPair[] => [
      ['limit', a],
      ['limit', b],
    ];
    assert.deepEqual(parseOptions('detect', twice('3', ' 3 ')), { limit: 3 });
    assert.throws(() => parseOptions('detect', twice('3', '4')), code('invalid_argument', 'limit'));
  });

  it('reads repeated and encoded query parameters', () => {
    assert.deepEqual(queryPairs('/detect'), []);
    assert.deepEqual(queryPairs('/detect?a=1&a=2&b=x%20y+z&c'), [
      ['a', '1'],
      ['a', '2'],
      ['b', 'x y z'],
      ['c', ''],
    ]);
  });

  it('has strict booleans', () => {
    assert.equal(parseBoolean('x', 'true'), true);
    assert.equal(parseBoolean('x', '1'), true);
    assert.equal(parseBoolean('x', 'false'), false);
    assert.equal(parseBoolean('x', '0'), false);
    for (const value of ['yes', 'TRUE', '', '2']) {
      assert.throws(() => parseBoolean('x', value), code('invalid_argument', 'x'));
    }
  });
});
