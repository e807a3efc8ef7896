/** The binding's idea of the structs against a C compiler's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { LAYOUT, NOT_AVAILABLE, offsetOf, scratch, sizeOf, versionWord } from '../../../workers/monitor/nvml-layout.ts';
import type { StructName } from '../../../workers/monitor/nvml-layout.ts';
import { buildFakeNvml, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';

const skip = await noFakeNvml();

test('every size and offset is the compiler’s', { skip }, async () => {
  const library = koffi.load(await buildFakeNvml());
  const text: string = library.func('const char *fake_nvml_layout()')();
  const { pointer, ...compiled } = JSON.parse(text) as Record<string, Record<string, number>>;
  assert.deepEqual(pointer, { size: koffi.sizeof('void *') });
  assert.deepEqual(Object.keys(compiled).sort(), Object.keys(LAYOUT).sort());
  let compared = 0;
  for (const [struct, { size, ...members }] of Object.entries(compiled)) {
    const name = struct as StructName;
    assert.equal(sizeOf(name), size, name);
    for (const [member, offset] of Object.entries(members)) {
      assert.equal(offsetOf(name, member), offset, `${name}.${member}`);
      compared += 1;
    }
  }
  assert.ok(compared >= 30, `${compared}`);
  library.unload();
});

test('version words as in nvml.h', () => {
  assert.equal(versionWord('MemoryV2', 2), 0x02000028);
  assert.equal(versionWord('Temperature', 1), 0x0100000c);
});

test('what is not to be known is all ones', () => {
  const { bytes, view } = scratch(8);
  bytes.fill(255);
  assert.equal(view.getBigUint64(0, true), NOT_AVAILABLE);
});
