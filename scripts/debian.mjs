/**
 * Debian packages that some tests need: a browser, Prometheus with Alertmanager, a C compiler. Plain JavaScript, like its
 * neighbours. Where they cannot be installed, the tests that need them skip and say why.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** A program that tests look for, and the packages that bring it. */
export const NEEDED = Object.freeze([
  { program: 'chromium', packages: ['chromium'] },
  { program: 'prometheus', packages: ['prometheus'] },
  { program: 'promtool', packages: ['prometheus'] },
  { program: 'prometheus-alertmanager', packages: ['prometheus-alertmanager'] },
  { program: 'amtool', packages: ['prometheus-alertmanager'] },
  { program: 'cc', packages: ['gcc', 'libc6-dev'] },
]);

/** A mirror that hangs must not hold the tests; what is not there in time is not there. */
const UPDATE_MS = 60_000;
const INSTALL_MS = 180_000;
/** Seconds that apt waits for another apt. */
const LOCK_S = 60;
/** Asked by every package that would start a service: 101 is "no". */
const POLICY = '/usr/sbin/policy-rc.d';
const KEPT_OUTPUT = 4000;

/** @typedef {{ status: number | null, output: string }} Ran */
/**
 * What the installation works with; tests hand in their own.
 * @typedef {object} Tools
 * @property {(program: string) => string | null} find
 * @property {boolean} isRoot
 * @property {(command: string, args: string[], timeoutMs: number) => Ran} run
 * @property {(line: string) => void} say
 * @property {string} policyFile
 */

/**
 * The first executable of that name on the PATH, or null.
 * @param {string} program
 * @param {string} [searchPath]
 * @returns {string | null}
 */
export function findProgram(program, searchPath = process.env['PATH'] ?? '') {
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * Why a test that needs these programs is skipped; false when all are there.
 * @param {...string} programs
 * @returns {string | false}
 */
export function skipWithout(...programs) {
  const missing = programs.filter((program) => findProgram(program) === null);
  if (missing.length === 0) return false;
  return `needs ${missing.join(', ')} (on Debian: apt-get install ${packagesOf(missing).join(' ')}; npm test as root does it)`;
}

/**
 * Installs what is missing, as root with apt-get. Never throws: a machine without it runs the other tests.
 * @param {Partial<Tools>} [given]
 * @returns {string[]} programs that are still missing
 */
export function ensureDebianPackages(given = {}) {
  const tools = { ...realTools(), ...given };
  const missing = () => NEEDED.map(({ program }) => program).filter((program) => tools.find(program) === null);
  const before = missing();
  if (before.length === 0) return [];
  const reason = whyNot(tools);
  if (reason !== null) {
    tools.say(`not installing ${packagesOf(before).join(', ')}: ${reason}; the tests that need them are skipped`);
    return before;
  }
  const failure = install(packagesOf(before), tools);
  const after = missing();
  if (failure !== null) {
    tools.say(`${failure}\nfacepool: without ${after.join(', ')} the tests that need them are skipped`);
  }
  return after;
}

/** @param {string[]} programs */
function packagesOf(programs) {
  return [...new Set(NEEDED.filter(({ program }) => programs.includes(program)).flatMap(({ packages }) => packages))];
}

/** @param {Tools} tools */
function whyNot(tools) {
  if (tools.find('apt-get') === null) return 'there is no apt-get';
  return tools.isRoot ? null : 'only root may install packages';
}

/**
 * @param {string[]} packages
 * @param {Tools} tools
 * @returns {string | null} what went wrong, with the end of what apt said
 */
function install(packages, tools) {
  tools.say(`installing Debian packages for the tests (once): ${packages.join(', ')}`);
  const options = ['-q', '-y', '-o', `DPkg::Lock::Timeout=${LOCK_S}`, '-o', 'Acquire::Retries=2'];
  const endPolicy = forbidServices(tools.policyFile);
  try {
    // Old lists will often do when the update fails, so only the installation decides.
    const update = tools.run('apt-get', [...options, 'update'], UPDATE_MS);
    const done = tools.run('apt-get', [...options, 'install', '--no-install-recommends', ...packages], INSTALL_MS);
    if (done.status === 0) return null;
    const how = done.status === null ? `took longer than ${INSTALL_MS / 1000} s` : `failed (exit code ${done.status})`;
    return `apt-get ${how}\n${update.status === 0 ? '' : update.output}${done.output}`.trimEnd();
  } finally {
    endPolicy();
  }
}

/**
 * Packages must not start the services that they bring. A policy that is there already is left as it is.
 * @param {string} file
 * @returns {() => void} takes the policy away again
 */
function forbidServices(file) {
  if (existsSync(file)) return () => {};
  writeFileSync(file, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(file, { force: true });
}

/** @returns {Tools} */
function realTools() {
  return {
    find: (program) => findProgram(program),
    isRoot: process.getuid?.() === 0,
    run(command, args, timeoutMs) {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const { status, stdout, stderr, error } = spawnSync(command, args, {
        env,
        timeout: timeoutMs,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 64 * 1024 * 1024,
      });
      const output = `${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : `${error.message}\n`}`;
      return { status, output: output.slice(-KEPT_OUTPUT) };
    },
    say: (line) => void process.stderr.write(`facepool: ${line}\n`),
    policyFile: POLICY,
  };
}
