import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ROUTE_OPTIONS } from '../../../src/contract/options.ts';
import { ONE_PICTURE, TWO_PICTURES } from '../../../src/http/body/slots.ts';
import { pictureBody, pictureParameters } from '../../../src/http/openapi/pictures.ts';

type Form = { readonly properties: object; readonly required: string[]; readonly oneOf?: readonly Form[] };
const schemaOf = (body: ReturnType<typeof pictureBody>, type: string): Form => body.content[type]?.schema as Form;

it('options are parameters, lists with commas', () => {
  const parameters = pictureParameters('recognize');
  assert.deepEqual(
    parameters.filter((one) => one.in === 'query').map(({ name }) => name),
    [...ROUTE_OPTIONS.recognize],
  );
  assert.equal(parameters.find(({ name }) => name === 'fields')?.explode, false);
  assert.deepEqual(
    parameters.filter((one) => one.in === 'header').map(({ name }) => name),
    ['X-Request-Id', 'X-Client-Id'],
  );
});

it('two pictures cannot come raw', () => {
  assert.ok('image/*' in pictureBody('detect', ONE_PICTURE).content);
  const verify = pictureBody('verify', TWO_PICTURES);
  assert.ok(!('image/*' in verify.content));
  assert.deepEqual(schemaOf(verify, 'multipart/form-data').required, ['source_image', 'target_image']);
});

it('something else may stand in the place of the pictures, in JSON only', () => {
  const instead = { member: 'embedding', schema: {}, options: ['top_k'] } as const;
  const body = pictureBody('search', ONE_PICTURE, instead);
  const [picture, other] = schemaOf(body, 'application/json').oneOf ?? [];
  assert.deepEqual([picture?.required, other?.required], [['image'], ['embedding']]);
  assert.deepEqual(Object.keys(other?.properties ?? {}), ['embedding', 'top_k']);
  assert.equal(schemaOf(body, 'multipart/form-data').oneOf, undefined);
});
