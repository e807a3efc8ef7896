/**
 * Which test files share a process, and which have one of their own. Most files are done in milliseconds, but a process
 * that loads what they test takes a third of a second, and there are hundreds of them.
 */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Their files share a process, folder by folder. A folder that is not listed, as a new one, shares none. */
export const SHARING = [
  ...[
    'admin',
    'auth',
    'bench',
    'cli',
    'config',
    'contract',
    'dashboard',
    'gallery',
    'gpu',
    'http',
    'models',
    'pipeline',
  ],
  ...['rollout', 'router', 'scheduler', 'supervisor', 'telemetry', 'util'],
  ...['workers/decoders', 'workers/math', 'workers/monitor', 'workers/onnx'],
];
/** Not in there: browsers, misbehaving processes, and what keeps the processor busy for seconds. */
const OWN = [
  'dashboard/page.test.ts',
  'dashboard/system/system.test.ts',
  'dashboard/versions/versions.test.ts',
  'dashboard/people/{people,subject,tab}.test.ts',
  'gallery/search/**/*.test.ts',
  'models/staging/**/*.test.ts',
  'router/dispatcher-random.test.ts',
  'supervisor/{managed-process-random,misbehaviour,spawn}.test.ts',
];
/** They reckon with the memory of the machine, of which others beside them would take and give gigabytes. */
const ALONE = '**/*.alone.test.ts';

/**
 * @typedef {object} TestFiles paths relative to the project
 * @property {ReadonlyMap<string, readonly string[]>} shared by folder
 * @property {readonly string[]} own
 * @property {readonly string[]} alone
 */

/**
 * @param {string} root of the project
 * @returns {TestFiles}
 */
export function testFiles(root) {
  const cwd = path.join(root, 'test');
  /** @param {string | string[]} pattern */
  const find = (pattern) =>
    globSync(pattern, { cwd })
      .map((file) => path.posix.join('test', file.split(path.sep).join('/')))
      .sort();
  const alone = find(ALONE);
  const apart = new Set([...alone, ...find(OWN)]);
  const shared = new Map(
    SHARING.map((folder) => [folder, find(`${folder}/**/*.test.ts`).filter((file) => !apart.has(file))]),
  );
  const sharing = new Set([...shared.values()].flat());
  const own = find('**/*.test.ts').filter((file) => !sharing.has(file) && !alone.includes(file));
  return { shared, own, alone };
}

/**
 * Writes a file for each shared process, which imports its tests.
 * @param {string} root of the project
 * @param {TestFiles['shared']} shared
 * @returns {string[]} relative to the project
 */
export function writeShared(root, shared) {
  const folder = '.cache/test';
  rmSync(path.join(root, folder), { recursive: true, force: true });
  mkdirSync(path.join(root, folder), { recursive: true });
  return [...shared].map(([name, files]) => {
    const file = `${folder}/${name.replaceAll('/', '-')}.test.mjs`;
    const lines = files.map((one) => `import ${JSON.stringify(pathToFileURL(path.join(root, one)).href)};\n`);
    writeFileSync(path.join(root, file), lines.join(''));
    return file;
  });
}
