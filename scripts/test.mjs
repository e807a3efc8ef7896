/**
 * `npm test`: installs what is missing, then typecheck, lint, format and every test; all steps run, any failure fails.
 * `npm test -- test/foo.test.ts` (any arguments) runs only those tests; options go to `node --test`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { ensureDebianPackages } from './debian.mjs';
import { ensureInstalled, node24, ROOT } from './ensure.mjs';
import { childEnv, orExplain, run } from './launch.mjs';
import { testFiles, writeShared } from './test-files.mjs';

/** Test files at once: the end-to-end ones start processes of their own, and two cores are the smallest machine we test on. */
const CONCURRENCY = 2;
/** One test may take this long, so that a hang fails with its name instead of holding the machine. */
const TEST_TIMEOUT_MS = 180_000;

/** What failed, told once more at the end: the output of thousands of tests is long, and a CI keeps its tail. */
const FAILURES = path.join(ROOT, '.cache', `test-failures-${process.pid}`);

/** @typedef {{ name: string, command: string, args: string[] }} Step */

await orExplain(async () => {
  ensureInstalled();
  const given = process.argv.slice(2);
  // A single file is asked for often and seldom needs a browser or Prometheus; where it does, it says so and is skipped.
  if (given.length === 0) ensureDebianPackages();
  const node = node24();
  const env = childEnv(node);
  const isOwn = given.some((arg) => !arg.startsWith('-'));
  const { shared, own, alone } = testFiles(ROOT);
  const tests = testStep('tests', node, given, isOwn ? [] : [...writeShared(ROOT, shared), ...own], CONCURRENCY);
  const last = testStep('tests that run alone', node, given, alone, 1);
  mkdirSync(path.dirname(FAILURES), { recursive: true });
  const failures = [];
  const failed = [];
  const lines = [];
  for (const step of [...(given.length > 0 ? [] : staticSteps()), tests, ...(isOwn ? [] : [last])]) {
    process.stdout.write(`\n> ${step.name}\n`);
    const start = performance.now();
    const { code, signal } = await run(step.command, step.args, env, ROOT);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const ok = code === 0;
    if (!ok) failed.push(step.name);
    lines.push(
      `${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)${ok ? '' : `, ${signal ?? `exit code ${code}`}`}`,
    );
    if (existsSync(FAILURES)) failures.push(readFileSync(FAILURES, 'utf8'));
    rmSync(FAILURES, { force: true });
    if (signal === 'SIGINT' || signal === 'SIGTERM') break;
  }
  process.stdout.write(`\n${lines.join('\n')}\n`);
  if (failed.length > 0) process.stdout.write(`\n${failures.join('')}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
});

/** @returns {Step[]} */
function staticSteps() {
  const bin = path.join(ROOT, 'node_modules', '.bin');
  return [
    { name: 'typecheck', command: path.join(bin, 'tsc'), args: ['-p', '.'] },
    { name: 'typecheck of the page', command: path.join(bin, 'tsc'), args: ['-p', 'src/dashboard'] },
    { name: 'lint', command: path.join(bin, 'oxlint'), args: ['--type-aware', '--deny-warnings'] },
    { name: 'format', command: path.join(bin, 'biome'), args: ['check', '--error-on-warnings'] },
  ];
}

/**
 * @param {string} name
 * @param {string} node
 * @param {string[]} given command-line arguments: files and options of `node --test`
 * @param {readonly string[]} files further ones
 * @param {number} concurrency files at once
 * @returns {Step}
 */
function testStep(name, node, given, files, concurrency) {
  const fixed = [
    '--test',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${pathToFileURL(path.join(ROOT, 'scripts', 'failures-reporter.mjs')).href}`,
    `--test-reporter-destination=${FAILURES}`,
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
  ];
  return { name, command: node, args: [...fixed, ...given, ...files] };
}
