import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setCaller } from '../../src/auth/caller.ts';
import { FacepoolError } from '../../src/contract/errors.ts';
import { inPlace, Places } from '../../src/http/places.ts';
import { ticks } from '../fixtures/random.ts';

const OPTIONS = { total: 5, each: 2, doing: 'read', retryAfterS: 3 };

/** From an address, or with a key. */
function request(address: string, key?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: address });
  const req = new IncomingMessage(socket);
  if (key !== undefined) setCaller(req, { kind: 'key', id: key });
  return req;
}

const isFull =
  (words: RegExp) =>
  (error: unknown): boolean =>
    error instanceof FacepoolError &&
    error.code === 'queue_full' &&
    error.retryAfterS === 3 &&
    words.test(error.message);

describe('places', () => {
  it('are so many for one key or address, and so many in all', () => {
    const places = new Places(OPTIONS);
    const taken = ['a', 'a', 'b', 'b'].map((key) => places.take(request('10.0.0.1', key)));
    assert.throws(() => places.take(request('10.0.0.2', 'a')), isFull(/^2 clients of this key or address read/));
    places.take(request('10.0.0.1'));
    assert.throws(() => places.take(request('10.0.0.3')), isFull(/^5 clients read/));
    taken[0]?.();
    taken[0]?.();
    places.take(request('10.0.0.1', 'a'));
    assert.throws(() => places.take(request('10.0.0.3')), isFull(/^5 clients/), 'given back once');
  });

  it('are counted for an IPv6 network as one', () => {
    const places = new Places(OPTIONS);
    places.take(request('2001:db8::1'));
    places.take(request('2001:db8::2'));
    assert.throws(() => places.take(request('2001:db8::3')), isFull(/of this key or address/));
    places.take(request('2001:db8:0:1::3'));
  });

  it('are held until the answer and all work for it have ended, however they end', async () => {
    const places = new Places({ ...OPTIONS, each: 1 });
    const req = request('10.0.0.1');
    const isFree = (): boolean => {
      try {
        places.take(req)();
        return true;
      } catch {
        return false;
      }
    };
    const work = Promise.withResolvers<number>();
    const given = inPlace(places, req, async (during) => {
      void during(work.promise).catch(() => undefined);
      await ticks();
      throw new RangeError('the client went');
    });
    assert.equal(isFree(), false);
    await assert.rejects(given, RangeError);
    assert.equal(isFree(), false, 'the question goes on');
    work.reject(new Error('late'));
    await ticks();
    assert.equal(isFree(), true);
    assert.equal(await inPlace(places, req, (during) => during(Promise.resolve(7))), 7);
    await ticks();
    assert.equal(isFree(), true);
  });
});
