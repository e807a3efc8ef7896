/**
 * Which test files share a process, and which have one of their own. Most files are done in milliseconds, but a process
 * that loads what they test takes a third of a second, and there are hundreds of them.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Their files share a process, folder by folder: a folder before the one it lies in. One that is not listed, as a new one,
 * shares none.
 */
export const SHARING = [
  ...[
    'admin',
    'auth',
    'bench',
    'cli',
    'config',
    'contract',
    'dashboard',
    'frames',
    'gallery/search',
    'gallery',
    'gpu',
    'http',
    'models/staging',
    'models',
    'pipeline',
  ],
  ...['rollout', 'router', 'scheduler', 'supervisor', 'telemetry', 'util'],
  ...['workers/decoders', 'workers/imaging', 'workers/math', 'workers/monitor', 'workers/onnx', 'workers'],
];
/** Not those: browsers, misbehaving processes, what changes its own process or has hooks for all of it, what is busy for seconds. */
const OWN = [
  /^dashboard\/(?:page|system\/system|versions\/versions|people\/(?:people|subject|tab))\.test/,
  /^router\/dispatcher-random\.test/,
  /^supervisor\/(?:managed-process-random|misbehaviour|spawn)\.test/,
  /^workers\/(?:child|main|memory-limit|parent|priority|real-models|serve|shared-memory)\.test/,
  /^workers\/imaging\/(?:decode|encode|frame|jpeg-header|links|main|photos|service)\.test/,
];
/** They reckon with the memory of the machine, of which others beside them would take and give gigabytes. */
const ALONE = /\.alone\.test/;

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
  // The caller's Node may be too old for `globSync`.
  const all = readdirSync(path.join(root, 'test'), { recursive: true })
    .map((file) => String(file).split(path.sep).join('/'))
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
  /** @param {(file: string) => boolean} isOne */
  const those = (isOne) => all.filter(isOne).map((file) => `test/${file}`);
  /** @param {string} file */
  const folderOf = (file) =>
    ALONE.test(file) || OWN.some((own) => own.test(file))
      ? undefined
      : SHARING.find((one) => file.startsWith(`${one}/`));
  return {
    shared: new Map(SHARING.map((folder) => [folder, those((file) => folderOf(file) === folder)])),
    own: those((file) => folderOf(file) === undefined && !ALONE.test(file)),
    alone: those((file) => ALONE.test(file)),
  };
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
