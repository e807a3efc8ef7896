import assert from 'node:assert/strict';
import { it } from 'node:test';
import { GLOBAL_OPTIONS } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';

it('each command has a name of its own, of one or two words', () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+(?: [a-z]+(?:-[a-z]+)?)?$/);
});

it('no flag of a command means what a flag of all commands means', () => {
  for (const { name, options } of COMMANDS) {
    const shorts = Object.values({ ...GLOBAL_OPTIONS, ...options }).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(shorts).size, shorts.length, name);
    for (const flag of Object.keys(options)) assert.ok(!Object.hasOwn(GLOBAL_OPTIONS, flag), `${name} --${flag}`);
    for (const [flag, spec] of Object.entries(options)) {
      assert.equal(spec.type === 'string', spec.value !== undefined, `${name} --${flag} names its value`);
    }
  }
});
