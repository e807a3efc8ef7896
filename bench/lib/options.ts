/** Command line of `npm run bench`. */

export const SUITES = ['isolation', 'http', 'cold', 'decode', 'overhead', 'nvml', 'history', 'search'] as const;
export type SuiteName = (typeof SUITES)[number];

export type BenchOptions = {
  readonly suites: readonly SuiteName[];
  /** Fewer and shorter rounds: for a first look, never for a figure that is published. */
  readonly quick: boolean;
  /** Update the marked regions of docs/benchmarks.md. */
  readonly write: boolean;
  /** How facepool and the tuned peer get their pictures; the naive peer only knows multipart. */
  readonly upload: 'raw' | 'multipart';
  readonly rounds: number | undefined;
};

export const USAGE = `usage: npm run bench -- [${SUITES.join('] [')}] [--quick] [--write] [--rounds N] [--upload raw|multipart]`;

/** Throws with the usage on anything it does not know. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const suites: SuiteName[] = [];
  let quick = false;
  let write = false;
  let upload: BenchOptions['upload'] = 'raw';
  let rounds: number | undefined;
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    const suite = SUITES.find((name) => name === arg);
    if (suite !== undefined) suites.push(suite);
    else if (arg === '--quick') quick = true;
    else if (arg === '--write') write = true;
    else if (arg === '--upload') {
      const value = argv[++i];
      if (value !== 'raw' && value !== 'multipart') throw new Error(USAGE);
      upload = value;
    } else if (arg === '--rounds') {
      rounds = Number(argv[++i]);
      if (!Number.isInteger(rounds) || rounds < 1) throw new Error(USAGE);
    } else throw new Error(`${arg}: unknown\n${USAGE}`);
  }
  return { suites: suites.length === 0 ? SUITES : suites, quick, write, upload, rounds };
}
