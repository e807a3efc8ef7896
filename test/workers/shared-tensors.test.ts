import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { Arena } from '../../src/frames/arena.ts';
import { SharedTensors } from '../../workers/shared-tensors.ts';

const BYTES = 16_384;

/** Memories by path; mapping one makes its bytes those of the window. */
function setUp() {
  const memories = new Map<string, ArrayBuffer>();
  const told: unknown[] = [];
  const mapped: string[] = [];
  const shared = new SharedTensors({
    onMapped: (arena) => told.push(arena),
    onFailed: (error) => told.push(error),
    openWindow: (bytes) => {
      const memory = new ArrayBuffer(bytes);
      return {
        memory,
        map: (path) => {
          const found = memories.get(path);
          if (found === undefined) throw new Error(`no ${path}`);
          mapped.push(path);
          new Uint8Array(memory).set(new Uint8Array(found));
        },
      };
    },
  });
  const imaging = (id: number, value: number) => {
    const memory = new ArrayBuffer(BYTES);
    memories.set(`/${id}`, memory);
    const slot = new Arena(memory, id).place(1000);
    assert.ok(slot !== null);
    slot.data.fill(value);
    return { tensor: slot.tensor, ref: { arena: id, path: `/${id}`, bytes: BYTES } };
  };
  return { shared, imaging, told, mapped };
}

const isInternal = (error: unknown): boolean => error instanceof FacepoolError && error.code === 'internal';

test('tensors are read from the arena that is linked', () => {
  const { shared, imaging, told } = setUp();
  const { tensor, ref } = imaging(3, 9);
  assert.throws(() => shared.open([tensor]), isInternal, 'nothing is mapped yet');
  shared.link(ref);
  assert.deepEqual(told, [3]);
  const [view] = shared.open([tensor]);
  assert.ok(view?.length === 1000 && view.every((x) => x === 9));
  shared.check([tensor]);
  assert.throws(() => shared.check([{ ...tensor, generation: 2 }]), isInternal);
  assert.throws(() => shared.open([{ ...tensor, arena: 4 }]), isInternal);
});

test('linked to the same again, it says so and maps nothing', () => {
  const { shared, imaging, told, mapped } = setUp();
  const { ref } = imaging(3, 9);
  shared.link(ref);
  shared.link(ref);
  assert.deepEqual(told, [3, 3]);
  assert.deepEqual(mapped, ['/3']);
});

test('the next imaging’s memory waits until nothing of this one’s is read', () => {
  const { shared, imaging, told } = setUp();
  const [one, two, three] = [imaging(1, 11), imaging(2, 22), imaging(3, 33)];
  shared.link(one.ref);
  const [a] = shared.open([one.tensor]);
  shared.open([one.tensor]);
  shared.link(two.ref);
  shared.link(three.ref);
  shared.done();
  assert.deepEqual(told, [1]);
  shared.check([one.tensor]);
  assert.ok(a?.every((x) => x === 11));
  shared.done();
  assert.deepEqual(told, [1, 3], 'only the latest counts');
  assert.ok(shared.open([three.tensor])[0]?.every((x) => x === 33));
  assert.throws(() => shared.open([one.tensor]), isInternal);
});

test('memory that cannot be mapped is told, and what was there stays', () => {
  const { shared, imaging, told } = setUp();
  const one = imaging(1, 11);
  shared.link(one.ref);
  shared.link({ arena: 2, path: '/gone', bytes: BYTES });
  shared.link({ arena: 4, path: '/1', bytes: 2 * BYTES });
  assert.deepEqual(
    told.map((what) => (what instanceof Error ? what.message : what)),
    [1, 'no /gone', 'the shared memory has another size than before'],
  );
  assert.equal(shared.open([one.tensor]).length, 1);
});
