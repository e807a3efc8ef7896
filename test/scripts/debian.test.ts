import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ensureDebianPackages, findProgram, NEEDED, skipWithout } from '../../scripts/debian.mjs';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'facepool-debian-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A machine with these programs; `apt-get install` brings what it is told to, unless it fails. */
function machine(programs: readonly string[], given: { status?: number | null; isRoot?: boolean } = {}) {
  const have = new Set(programs);
  const ran: { line: string; policy: boolean }[] = [];
  const said: string[] = [];
  const policyFile = path.join(dir, 'policy-rc.d');
  const { status = 0, isRoot = true } = given;
  const missing = ensureDebianPackages({
    find: (program) => (have.has(program) ? `/usr/bin/${program}` : null),
    isRoot,
    run(command, args) {
      ran.push({ line: [command, ...args].join(' '), policy: existsSync(policyFile) });
      if (args.includes('install') && status === 0) {
        for (const { program, packages } of NEEDED) if (packages.some((name) => args.includes(name))) have.add(program);
      }
      return { status: args.includes('update') ? 0 : status, output: 'E: Unable to locate package\n' };
    },
    say: (line) => void said.push(line),
    policyFile,
  });
  return { missing, ran, said, policyFile };
}

const ALL = NEEDED.map(({ program }) => program);

describe('ensureDebianPackages', () => {
  it('does nothing and says nothing when all is there', () => {
    const { missing, ran, said } = machine(ALL);
    assert.deepEqual([missing, ran, said], [[], [], []]);
  });

  it('updates once and installs only what is missing, without what apt recommends', () => {
    const { missing, ran, said } = machine(['apt-get', 'chromium', 'cc', 'prometheus', 'promtool']);
    assert.deepEqual(missing, []);
    assert.equal(ran.length, 2);
    assert.match(ran[0]?.line ?? '', /^apt-get .*update$/);
    assert.match(ran[1]?.line ?? '', / install --no-install-recommends prometheus-alertmanager$/);
    assert.equal(said.length, 1);
  });

  it('starts no service: the policy is there while apt runs, and gone afterwards', () => {
    const { ran, policyFile } = machine(['apt-get']);
    assert.deepEqual(
      ran.map(({ policy }) => policy),
      [true, true],
    );
    assert.equal(existsSync(policyFile), false);
  });

  it('leaves a policy that was there', () => {
    writeFileSync(path.join(dir, 'policy-rc.d'), '#!/bin/sh\nexit 101\n');
    const { policyFile } = machine(['apt-get']);
    assert.ok(statSync(policyFile).size > 0);
  });

  const refusals: [name: string, programs: string[], isRoot: boolean, reason: RegExp][] = [
    ['without apt-get', [], true, /there is no apt-get/],
    ['without being root', ['apt-get'], false, /only root/],
  ];
  for (const [name, programs, isRoot, reason] of refusals) {
    it(`only says so ${name}`, () => {
      const { missing, ran, said } = machine(programs, { isRoot });
      assert.deepEqual([missing, ran], [ALL, []]);
      assert.match(said.join('\n'), reason);
      assert.match(said.join('\n'), /tests that need them are skipped/);
    });
  }

  it('shows what apt said when it fails, and what is skipped', () => {
    const { missing, said } = machine(['apt-get', 'chromium'], { status: 100 });
    assert.ok(missing.includes('promtool') && !missing.includes('chromium'));
    assert.match(said.join('\n'), /exit code 100[\s\S]*Unable to locate package[\s\S]*without prometheus/);
    assert.match(machine(['apt-get'], { status: null }).said.join('\n'), /took longer than/);
  });
});

describe('findProgram', () => {
  it('finds what may be executed, in the order of the PATH', () => {
    const file = path.join(dir, 'tool');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    assert.equal(findProgram('tool', dir), null);
    chmodSync(file, 0o755);
    assert.equal(findProgram('tool', `${path.join(dir, 'nothing')}:${dir}`), file);
    assert.ok(findProgram(path.basename(process.execPath), path.dirname(process.execPath)));
  });
});

describe('skipWithout', () => {
  it('names what is missing and how to get it', () => {
    assert.equal(skipWithout(), false);
    assert.match(String(skipWithout('no-such-program')), /needs no-such-program/);
  });
});
