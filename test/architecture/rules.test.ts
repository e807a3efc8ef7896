/** The architecture checks fail on what they must refuse: a check that cannot fail is a defect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as rules from './rules.ts';

const tree = (files: Record<string, string>): rules.Sources => new Map(Object.entries(files));
const LINE = 'export const a = 1;\n';

describe('import order', () => {
  const pairs: [from: string, to: string, allowed: boolean][] = [
    ['contract', 'util', true],
    ['util', 'contract', false],
    ['config', 'models', false],
    ['telemetry', 'models', true],
    ['scheduler', 'contract', true],
    ['scheduler', 'telemetry', false],
    ['supervisor', 'scheduler', true],
    ['scheduler', 'supervisor', false],
    ['router', 'gallery', false],
    ['pipeline', 'router', true],
    ['http', 'admin', false],
    ['main', 'http', true],
    ['main', 'cli', false],
    ['cli', 'config', true],
    ['cli', 'auth', true],
    ['cli', 'supervisor', false],
    ['workers', 'frames', true],
    ['workers', 'config', false],
    ['supervisor', 'workers', false],
    ['http', 'dashboard', false],
  ];
  for (const [from, to, allowed] of pairs) {
    it(`${from} ${allowed ? 'may' : 'must not'} import ${to}`, () => assert.equal(rules.mayImport(from, to), allowed));
  }

  const upwards: Record<string, string> = {
    'a plain import': "import { x } from '../http/app.ts';",
    'a type import': "import type { X } from '../http/app.ts';",
    'an import for its effect': "import '../http/app.ts';",
    'an import over several lines': "import {\n  x,\n  // why '\n  y,\n} from\n  '../http/app.ts';",
    'import()': "const app = await import('../http/app.ts');",
    'import() of a URL': "await import(new URL('../http/app.ts', import.meta.url).href);",
    'a type of import()': "type App = import('../http/app.ts').App;",
    'code after a regular expression': "const quote = /['\"]/; import { x } from '../http/app.ts';",
    'code inside a template': '`${await import("../http/app.ts")}`;',
  };
  for (const [name, code] of Object.entries(upwards)) {
    it(`refuses ${name} upwards`, () => {
      const breaches = rules.importBreaches(tree({ 'src/util/bad.ts': code, 'src/http/app.ts': LINE }));
      assert.equal(breaches.length, 1, breaches.join('\n'));
      assert.match(breaches[0] ?? '', /src\/util\/bad\.ts:\d+: util must not import http/);
    });
  }

  const harmless: Record<string, string> = {
    'a URL that is not imported': "spawn(new URL('../../workers/main.ts', import.meta.url));",
    'a comment': "// import { x } from '../http/app.ts';\n/* export * from '../http/app.ts'; */",
    'a string': `const s = "import { x } from '../http/app.ts'";`,
    'a property': 'const o = { import: 1, export: 2 }; o.import;',
    'import.meta': 'const here = import.meta.url;',
  };
  for (const [name, code] of Object.entries(harmless)) {
    it(`accepts ${name}`, () => assert.deepEqual(rules.importBreaches(tree({ 'src/util/good.ts': code })), []));
  }

  it('refuses re-exports, computed imports, unknown layers and other trees', () => {
    const only = (file: string, code: string): string | undefined =>
      rules.importBreaches(tree({ [file]: code, 'src/util/a.ts': LINE }))[0];
    assert.match(only('src/util/b.ts', "export * from './a.ts';") ?? '', /re-exports/);
    assert.match(only('src/util/b.ts', "export type { A } from './a.ts';") ?? '', /re-exports/);
    assert.match(only('src/util/b.ts', 'await import(name);') ?? '', /computed/);
    assert.match(only('src/misc/b.ts', LINE) ?? '', /misc is not a layer/);
    assert.match(
      only('src/http/b.ts', "import { c } from '../../workers/main.ts';") ?? '',
      /http must not import workers/,
    );
    assert.match(only('src/http/b.ts', "import { c } from '../../test/c.ts';") ?? '', /http must not import test/);
  });

  it('lets the start command, and nothing else of the CLI, load the server', () => {
    const breaches = (file: string, code: string): number => rules.importBreaches(tree({ [file]: code })).length;
    const load = "await import(new URL('../../main.ts', import.meta.url).href);";
    assert.equal(breaches('src/cli/commands/start.ts', load), 0);
    assert.equal(breaches('src/cli/commands/start.ts', "import { main } from '../../main.ts';"), 1);
    assert.equal(breaches('src/cli/commands/status.ts', load), 1);
  });

  it('keeps onnxruntime, sharp, child_process and express where they belong', () => {
    const breaches = (file: string, module: string): number =>
      rules.importBreaches(tree({ [file]: `import x from '${module}';` })).length;
    assert.equal(breaches('workers/session.ts', 'onnxruntime-node'), 0);
    assert.equal(breaches('workers/serve.ts', 'onnxruntime-node'), 1);
    assert.equal(breaches('workers/imaging/open.ts', 'sharp'), 0);
    assert.equal(breaches('src/http/app.ts', 'sharp'), 1);
    assert.equal(breaches('src/supervisor/spawn.ts', 'node:child_process'), 0);
    assert.equal(breaches('src/http/app.ts', 'node:child_process'), 1);
    assert.equal(breaches('src/cli/commands/start.ts', 'child_process'), 1);
    assert.equal(breaches('src/pipeline/detect.ts', 'express'), 1);
  });
});

describe('purity of the scheduler', () => {
  const impure = [
    'async function f() {}',
    'setTimeout(f)',
    'Date.now()',
    'new Promise(f)',
    'process.pid',
    'Math.random()',
    "import 'node:fs';",
  ];
  for (const code of impure) {
    it(`refuses ${code}`, () => assert.equal(rules.purityBreaches(tree({ 'src/scheduler/bad.ts': code })).length, 1));
  }
  it('reads code, not comments and strings', () => {
    assert.deepEqual(
      rules.purityBreaches(tree({ 'src/scheduler/good.ts': "// await the Promise\nconst s = 'process';" })),
      [],
    );
  });
  it('accepts a generator handed in', () => {
    assert.deepEqual(
      rules.purityBreaches(tree({ 'src/scheduler/good.ts': 'const f = (random: () => number) => random();' })),
      [],
    );
  });
  it('concerns no other layer', () =>
    assert.deepEqual(rules.purityBreaches(tree({ 'src/router/a.ts': 'await f();' })), []));
});

describe('style', () => {
  const bad: Record<string, string> = {
    enum: 'export const enum State { on }',
    'default export': 'export default 1;',
    namespace: 'namespace A { }',
    'at most 300': LINE.repeat(301),
  };
  for (const [name, code] of Object.entries(bad)) {
    it(`refuses ${name}`, () => {
      const breaches = rules.styleBreaches(tree({ 'src/util/a.ts': code }));
      assert.equal(breaches.length, 1);
      assert.ok(breaches[0]?.includes(name), breaches[0]);
    });
  }
  it('accepts 300 lines, and the words in other places', () => {
    assert.deepEqual(rules.styleBreaches(tree({ 'src/util/a.ts': LINE.repeat(300) })), []);
    assert.deepEqual(
      rules.styleBreaches(tree({ 'src/util/a.ts': 'const schema = z.enum(["a"]); f({ default: 1 });' })),
      [],
    );
  });
  it('refuses index.ts and names that are not kebab-case', () => {
    assert.equal(rules.styleBreaches(tree({ 'src/util/index.ts': LINE })).length, 1);
    assert.equal(rules.styleBreaches(tree({ 'src/util/badName.ts': LINE })).length, 1);
  });
});

describe('cycles', () => {
  it('names the files of a cycle, type-only imports included', () => {
    const sources = tree({
      'src/util/a.ts': "import { b } from './b.ts';",
      'src/util/b.ts': "import type { C } from './c.ts';",
      'src/util/c.ts': "import { a } from './a.ts';",
    });
    assert.deepEqual(rules.importCycles(sources), ['src/util/a.ts → src/util/b.ts → src/util/c.ts → src/util/a.ts']);
  });
  it('accepts a diamond', () => {
    const a = "import { b } from './b.ts'; import { c } from './c.ts';";
    const sources = tree({
      'src/util/a.ts': a,
      'src/util/b.ts': "import { d } from './d.ts';",
      'src/util/c.ts': "import { d } from './d.ts';",
      'src/util/d.ts': LINE,
    });
    assert.deepEqual(rules.importCycles(sources), []);
  });
});

describe('mirrored tests', () => {
  const logic = tree({ 'src/http/app.ts': LINE.repeat(41) });
  it('maps files to their tests', () => {
    assert.equal(rules.mirrorOf('src/http/app.ts'), 'test/http/app.test.ts');
    assert.equal(rules.mirrorOf('workers/imaging/open.ts'), 'test/workers/imaging/open.test.ts');
  });
  it('wants a test for logic, not for types, imports and comments', () => {
    assert.equal(rules.untestedBreaches(logic, () => false, {}).length, 1);
    assert.deepEqual(
      rules.untestedBreaches(logic, () => true, {}),
      [],
    );
    const types = `${"import { x } from './x.ts';\n".repeat(50)}// why\n${'export type A = {\n  a: 1;\n};\ninterface B {\n  b: 1;\n}\n'.repeat(50)}`;
    assert.deepEqual(
      rules.untestedBreaches(tree({ 'src/http/types.ts': types + LINE.repeat(40) }), () => false, {}),
      [],
    );
  });
  it('accepts an exemption only as long as it is needed', () => {
    assert.deepEqual(
      rules.untestedBreaches(logic, () => false, { 'src/http/app.ts': 'end to end' }),
      [],
    );
    assert.equal(rules.untestedBreaches(logic, () => true, { 'src/http/app.ts': 'end to end' }).length, 1);
    assert.equal(rules.untestedBreaches(logic, () => true, { 'src/http/gone.ts': 'end to end' }).length, 1);
  });
});
