/** The rules of docs and design as functions over sources: each returns sentences, one per breach. */
import path from 'node:path';
import { forbiddenSyntax, importsOf, logicLines } from './imports.ts';
import { tokenize } from './tokens.ts';

/** Path relative to the project (with `/`) → text of the file. */
export type Sources = ReadonlyMap<string, string>;

/** Layers from the lowest to the highest; those of one row do not know each other. */
const ORDER = [
  ['util'],
  ['contract'],
  ['config', 'models', 'gpu', 'frames', 'auth'],
  ['telemetry'],
  ['scheduler'],
  ['supervisor'],
  ['router', 'rollout', 'gallery'],
  ['pipeline'],
  ['http', 'admin'],
  ['server'],
  ['main'],
];
/** Layers beside the order, or stricter than it: exactly what they may import besides themselves. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  scheduler: ['util', 'contract'],
  cli: ['util', 'contract', 'config', 'models', 'gpu', 'auth'],
  workers: ['util', 'contract', 'frames', 'gpu'],
};
/** `import()` across the order, each with its reason. */
const DOORS: readonly { readonly from: RegExp; readonly to: string; readonly reason: string }[] = [
  {
    from: /^src\/cli\/commands\/start\.ts$/,
    to: 'main',
    reason: '`facepool start` is the server; other commands must not load it',
  },
];
/** Modules that only these files may import. */
const RESERVED: readonly { readonly module: string; readonly within: string; readonly allowed: RegExp }[] = [
  { module: 'onnxruntime-node', within: '', allowed: /^workers\/session\.ts$/ },
  { module: 'child_process', within: 'src/', allowed: /^src\/supervisor\// },
  { module: 'worker_threads', within: 'src/', allowed: /^src\/gallery\// },
  // A wrong foreign call ends its process: never the supervisor's.
  {
    module: 'koffi',
    within: '',
    allowed: /^workers\/(?:parent|memory-limit|shared-memory|monitor|monitor\/[\w-]+)\.ts$/,
  },
  { module: 'sharp', within: '', allowed: /^workers\/imaging\// },
  { module: 'express', within: '', allowed: /^src\/(?:http|admin)\// },
];
const IMPURE_WORDS = new Set(
  'async await Promise setTimeout setInterval setImmediate queueMicrotask performance Date console fetch crypto'.split(
    ' ',
  ),
);
/** Impure only with what follows: `Math.random()` is refused, a generator handed in as `random` is the way to have one. */
const IMPURE_SEQUENCES = [
  ['Math', '.', 'random'],
  ['process', '.'],
];
export const MOST_LINES = 300;
/** A file with more logic than this has a test of its own. */
export const UNTESTED_LINES = 40;

/** `src/http/app.ts` → `http`, `src/main.ts` → `main`, `workers/…` → `workers`; undefined outside the two trees. */
export function layerOf(file: string): string | undefined {
  const [tree, name] = file.split('/');
  if (tree === 'workers') return 'workers';
  return tree === 'src' ? name?.replace(/\.ts$/, '') : undefined;
}

export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  const only = ONLY[from];
  if (only !== undefined) return only.includes(to);
  const [rankFrom, rankTo] = [from, to].map((layer) => ORDER.findIndex((row) => row.includes(layer)));
  return rankFrom !== undefined && rankTo !== undefined && rankTo >= 0 && rankTo < rankFrom;
}

/** Imports against the order, reserved modules, re-exports, and `import()` that cannot be checked. */
export function importBreaches(sources: Sources): string[] {
  const breaches: string[] = [];
  for (const [file, text] of sources) {
    const from = layerOf(file) ?? '(nowhere)';
    if (!ORDER.flat().includes(from) && ONLY[from] === undefined) breaches.push(`${file}: ${from} is not a layer`);
    for (const { kind, specifier, line } of importsOf(tokenize(text))) {
      const where = `${file}:${line}`;
      if (kind === 'export') breaches.push(`${where}: re-exports ${specifier}; import it where it is declared`);
      if (specifier === null) breaches.push(`${where}: import() of a computed path; begin it with a literal folder`);
      else if (specifier.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), specifier);
        const to = layerOf(target);
        const isDoor = kind === 'dynamic' && DOORS.some((door) => door.from.test(file) && door.to === to);
        const isAllowed = to !== undefined && (mayImport(from, to) || isDoor);
        if (!isAllowed) breaches.push(`${where}: ${from} must not import ${to ?? target}`);
      } else {
        const name = specifier.replace(/^node:/, '');
        for (const { module, within, allowed } of RESERVED) {
          const isModule = name === module || name.startsWith(`${module}/`);
          if (isModule && file.startsWith(within) && !allowed.test(file))
            breaches.push(`${where}: must not import ${specifier}`);
        }
      }
    }
  }
  return breaches;
}

/** `src/scheduler` decides and does nothing else: no waiting, no clock, no randomness, no input or output. */
export function purityBreaches(sources: Sources): string[] {
  const breaches: string[] = [];
  for (const [file, text] of sources) {
    if (layerOf(file) !== 'scheduler') continue;
    const tokens = tokenize(text);
    tokens.forEach(({ kind, text: word, line }, i) => {
      const begins = (sequence: readonly string[]): boolean =>
        sequence.every((part, j) => tokens[i + j]?.text === part);
      const isImpure = IMPURE_WORDS.has(word) || IMPURE_SEQUENCES.some(begins);
      if (kind === 'word' && isImpure) breaches.push(`${file}:${line}: ${word} in the pure scheduler`);
    });
    for (const { specifier, line } of importsOf(tokens)) {
      if (!specifier?.startsWith('.')) breaches.push(`${file}:${line}: imports ${specifier} into the pure scheduler`);
    }
  }
  return breaches;
}

export function styleBreaches(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const breaches = forbiddenSyntax(tokenize(text)).map(({ what, line }) => `${file}:${line}: ${what}`);
    const lines = text.trimEnd().split('\n').length;
    if (lines > MOST_LINES) breaches.push(`${file}: ${lines} lines, at most ${MOST_LINES}`);
    if (path.posix.basename(file) === 'index.ts') breaches.push(`${file}: index.ts hides where things are`);
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/.test(path.posix.basename(file)))
      breaches.push(`${file}: file names are kebab-case`);
    return breaches;
  });
}

/** Each import cycle once, as `a → b → a`; type-only imports count. */
export function importCycles(sources: Sources): string[] {
  const cycles = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.add([...trail.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const { specifier } of importsOf(tokenize(sources.get(file) ?? ''))) {
      const target = path.posix.join(path.posix.dirname(file), specifier ?? '');
      if (specifier?.startsWith('.') && sources.has(target)) visit(target, [...trail, file]);
    }
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return [...cycles];
}

/** `src/a/b.ts` → `test/a/b.test.ts`, `workers/x.ts` → `test/workers/x.test.ts`. */
export function mirrorOf(file: string): string {
  return `test/${file.replace(/^src\//, '').replace(/\.ts$/, '.test.ts')}`;
}

/**
 * Files with logic and without a mirrored test.
 * @param exempt path → why it needs none; an entry that is no longer needed is a breach too
 */
export function untestedBreaches(
  sources: Sources,
  hasTest: (file: string) => boolean,
  exempt: Readonly<Record<string, string>>,
): string[] {
  const stale = Object.keys(exempt).filter((file) => !sources.has(file) || hasTest(mirrorOf(file)));
  const untested = [...sources].filter(([file, text]) => {
    return !(file in exempt) && !hasTest(mirrorOf(file)) && logicLines(tokenize(text)) > UNTESTED_LINES;
  });
  return [
    ...stale.map((file) => `${file}: its exemption is not needed any more`),
    ...untested.map(
      ([file, text]) => `${file}: ${logicLines(tokenize(text))} lines of logic without ${mirrorOf(file)}`,
    ),
  ];
}
