/**
 * Gets a fresh clone ready to run. Plain JavaScript for Node >= 20 without dependencies: nothing is installed yet when it starts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The oldest Node that runs our .ts files as they are, without a warning. */
const OLDEST_NODE = [24, 12];
const STAMP = '.facepool-installed';

/** A failure that the person at the keyboard can mend; shown without a stack. */
export class SetupError extends Error {}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} LockFile
 */

/**
 * The packages that a lock file asks for and that npm's own record of `node_modules` does not have.
 * Optional ones may be absent (other platforms); with `dev: false` the development ones too (container image).
 * @param {LockFile} wanted package-lock.json
 * @param {LockFile} found node_modules/.package-lock.json
 * @param {{ dev: boolean }} options
 * @returns {string[]}
 */
export function missingPackages(wanted, found, { dev }) {
  return Object.entries(wanted.packages)
    .filter(([name, entry]) => name !== '' && !entry.optional && (dev || !entry.dev))
    .filter(([name, entry]) => {
      const have = found.packages[name];
      return have?.version !== entry.version || have?.integrity !== entry.integrity;
    })
    .map(([name]) => name);
}

/**
 * Whether `node_modules` fits package-lock.json. The stamp makes the usual answer one small read; without it
 * (somebody ran npm by hand) npm's own record is compared and the stamp written.
 * @param {string} root
 * @param {{ dev: boolean }} options
 */
export function isInstalled(root, { dev }) {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  const modules = path.join(root, 'node_modules');
  const kinds = dev ? ['all'] : ['all', 'production'];
  if (kinds.some((kind) => readIfPresent(path.join(modules, STAMP)) === stampOf(lock, kind))) return true;
  const record = readIfPresent(path.join(modules, '.package-lock.json'));
  if (record === null) return false;
  if (missingPackages(JSON.parse(lock.toString()), JSON.parse(record), { dev }).length > 0) return false;
  writeStamp(root, dev);
  return true;
}

/**
 * Installs the locked packages when they are not there. Silent when nothing is to do.
 * @param {{ dev?: boolean, root?: string }} [options] `dev: false` is content with the packages that serving needs
 * @throws {SetupError} when npm is missing or fails
 */
export function ensureInstalled({ dev = true, root = ROOT } = {}) {
  if (isInstalled(root, { dev })) return;
  const unlock = lockInstall(root);
  try {
    // Another run may have installed while this one waited for the lock.
    if (isInstalled(root, { dev })) return;
    process.stderr.write('facepool: installing packages (once; about 700 MB on disk)\n');
    install(root);
    writeStamp(root, true);
  } finally {
    unlock();
  }
}

/**
 * The Node that runs facepool: the one npm installed from the lock file, else the running one when it is new enough.
 * @param {{ root?: string, execPath?: string, version?: string, platform?: string, arch?: string }} [options] given in tests
 * @returns {string} path of the executable
 * @throws {SetupError} when neither will do
 */
export function node24(options = {}) {
  const { root = ROOT, execPath = process.execPath, version = process.versions.node } = options;
  const { platform = process.platform, arch = process.arch } = options;
  const bundled = path.join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node');
  if (existsSync(bundled) && hasGlibc(arch)) return bundled;
  if (isNewEnough(version)) return execPath;
  throw new SetupError(
    `Node ${OLDEST_NODE.join('.')} or newer is needed on ${platform}-${arch}, and this is ${version}. On glibc Linux (x64, arm64) ` +
      'it comes with the packages: run `npm ci --include=optional`. Elsewhere install it from https://nodejs.org.',
  );
}

/** @param {string} version such as `24.12.0` */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * The packaged Node needs glibc's loader; on Alpine (musl) it is absent.
 * @param {string} arch
 */
function hasGlibc(arch) {
  return existsSync(arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2');
}

/** @param {string} root */
function install(root) {
  const npm = process.env['npm_execpath'] ?? '';
  const [command, first] = npm.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  // --include: NODE_ENV=production or a personal .npmrc must not leave out what the tests or sharp need.
  const args = [...first, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  // onnxruntime's script would fetch CUDA libraries from outside the registry; nothing here needs them.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  // npm's output goes to stderr, so that `facepool … --json` keeps its stdout clean.
  const { status, signal, error } = spawnSync(command, args, { cwd: root, env, stdio: ['inherit', 2, 2] });
  if (error && /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') {
    throw new SetupError('npm was not found. Install Node 20 or newer together with npm, then try again.');
  }
  if (error) throw new SetupError(`npm could not be started: ${error.message}`);
  if (status !== 0) {
    throw new SetupError(
      `npm ci failed (${signal ?? `exit code ${status}`}). It needs the npm registry, or a filled npm cache, and space on disk; ` +
        'its own message is above. Try again: what was downloaded is kept.',
    );
  }
}

/**
 * One installation at a time: two terminals on a fresh clone must not delete each other's node_modules.
 * @param {string} root
 * @returns {() => void} releases the lock
 */
function lockInstall(root) {
  const file = path.join(root, '.cache', 'install.lock');
  mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const holder = Number(readIfPresent(file));
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    else if (!told) process.stderr.write(`facepool: another run (pid ${holder}) is installing, waiting for it\n`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * @param {string} root
 * @param {boolean} dev
 */
function writeStamp(root, dev) {
  const stamp = stampOf(readFileSync(path.join(root, 'package-lock.json')), dev ? 'all' : 'production');
  try {
    writeFileSync(path.join(root, 'node_modules', STAMP), stamp);
  } catch {
    // A read-only installation works without the stamp; the check is only slower.
  }
}

/**
 * @param {Buffer} lock
 * @param {string} kind
 */
function stampOf(lock, kind) {
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${hash} ${process.platform}-${process.arch} ${kind}\n`;
}

/** @param {string} file */
function readIfPresent(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
