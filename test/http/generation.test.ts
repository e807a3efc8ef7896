import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { generationTag, wantedGeneration } from '../../src/http/generation.ts';

function request(ifMatch?: string): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  if (ifMatch !== undefined) req.headers['if-match'] = ifMatch;
  return req;
}

it('is what the header or the body says', () => {
  assert.equal(wantedGeneration(request(generationTag(7)), undefined), 7);
  assert.equal(wantedGeneration(request(' 7 '), undefined), 7);
  assert.equal(wantedGeneration(request('"7"'), 7), 7);
  assert.equal(wantedGeneration(request(), 0), 0);
  assert.equal(wantedGeneration(request(), undefined), undefined);
  assert.equal(wantedGeneration(request('*'), undefined), undefined);
});

it('refuses what is none, and two different ones', () => {
  const isAbout = (param: string) => (error: unknown) =>
    error instanceof FacepoolError && error.code === 'invalid_argument' && error.param === param;
  for (const header of ['', 'x', '"x"', '-1', '1.5', 'W/"7"', '"1", "2"', '1234567890123456']) {
    assert.throws(() => wantedGeneration(request(header), undefined), isAbout('If-Match'), header);
  }
  assert.throws(() => wantedGeneration(request('"7"'), 8), isAbout('if_generation'));
});
