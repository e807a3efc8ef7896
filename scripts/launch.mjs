/** Starts a .ts file of this project on Node 24, from whatever Node (>= 20) a person has. */
import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, node24, ROOT, SetupError } from './ensure.mjs';

/** npm passes a Ctrl-C on that the terminal has sent already; copies within this time are one signal. */
const SAME_SIGNAL_MS = 1000;
const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Installs what is missing and becomes `node <file> <args>`. Where Node can (>= 22.15), the process is replaced, so that signals,
 * terminal and exit code are the program's own; else a child is started and mirrored.
 * @param {string} file .ts file, relative to the project
 * @param {string[]} args
 * @param {{ dev?: boolean, here?: boolean }} [options] `dev: false` is content with the packages that serving needs; `here`:
 *   where this process runs the right Node already, it imports the file (which cannot see that it is not the main one)
 * @returns {Promise<void>}
 */
export async function launch(file, args, options = {}) {
  await orExplain(async () => {
    ensureInstalled(options);
    const node = node24();
    const argv = [path.join(ROOT, file), ...args];
    const env = childEnv(node);
    if (options.here === true && isThisNode(node)) {
      await runHere(argv, env);
      return;
    }
    if (process.execve) process.execve(node, [node, ...argv], definedOnly(env));
    mirror(await run(node, argv, env));
  });
}

/** @param {string} node */
function isThisNode(node) {
  return process.execArgv.length === 0 && realpathSync(node) === realpathSync(process.execPath);
}

/**
 * Spares a second start of Node: 40 ms.
 * @param {string[]} argv file and arguments
 * @param {NodeJS.ProcessEnv} env
 */
async function runHere(argv, env) {
  process.argv = [process.execPath, ...argv];
  Object.assign(process.env, env);
  module.enableCompileCache(env['NODE_COMPILE_CACHE']);
  await import(pathToFileURL(argv[0] ?? '').href);
}

/**
 * Runs a command to its end with this process's terminal, passing signals on.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [cwd] the caller's when absent
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 * @throws {SetupError} when the command cannot be started
 */
export function run(command, args, env, cwd) {
  const child = spawn(command, args, { stdio: 'inherit', env, ...(cwd === undefined ? {} : { cwd }) });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new SetupError(`${command} could not be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  }).finally(stopForwarding);
}

/**
 * What a child gets: Node 24 first on the PATH, and compiled code kept between runs.
 * @param {string} node path of Node 24
 */
export function childEnv(node) {
  const cache = process.env['NODE_COMPILE_CACHE'] ?? path.join(ROOT, '.cache', 'node-compile');
  return {
    ...process.env,
    NODE_COMPILE_CACHE: cache,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}`,
  };
}

/**
 * Runs `work`; a SetupError becomes one line on stderr and exit code 1.
 * @param {() => Promise<void>} work
 */
export async function orExplain(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`facepool: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function forwardSignals(child) {
  /** @type {Map<NodeJS.Signals, number>} */
  const lastAt = new Map();
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    const now = performance.now();
    const isCopy = now - (lastAt.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
    lastAt.set(signal, now);
    // The terminal sends Ctrl-C to the whole foreground group: the child has it already.
    if (!isCopy && !(signal === 'SIGINT' && isForeground())) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => {
    for (const signal of FORWARDED) process.removeListener(signal, forward);
  };
}

/** Whether this process is in its terminal's foreground group (fields 5 and 8 of /proc/self/stat: pgrp and tpgid). */
function isForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return Boolean(process.stdin.isTTY);
  }
}

/**
 * Ends this process the way the child ended.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} end
 */
function mirror({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  process.exitCode = 128 + (constants.signals[signal] ?? 0);
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string>}
 */
function definedOnly(env) {
  /** @type {Record<string, string>} */
  const out = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) out[name] = value;
  return out;
}
