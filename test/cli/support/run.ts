/** Runs the command line in this process, with screens that are read afterwards. */
import { PassThrough, Readable, Writable } from 'node:stream';
import type { Io, Screen } from '../../../src/cli/io.ts';
import { runCli } from '../../../src/cli/run.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Io['env'];
  readonly stdin?: string | Buffer;
  readonly tty?: boolean;
  /** Told of every piece of output. */
  readonly onOutput?: (text: string) => void;
};

export function screen(tty: boolean, onText: (text: string) => void): Screen {
  const writable = new Writable({
    write(chunk, _encoding, done) {
      onText(String(chunk));
      done();
    },
  });
  return Object.assign(writable, { isTTY: tty, columns: 120 });
}

export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const stdin = options.stdin === undefined ? new PassThrough() : Readable.from([Buffer.from(options.stdin)]);
  const code = await runCli(args, {
    stdin,
    stdout: screen(options.tty ?? false, (text) => {
      out += text;
      options.onOutput?.(text);
    }),
    stderr: screen(options.tty ?? false, (text) => {
      err += text;
      options.onOutput?.(text);
    }),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
  });
  return { code, out, err };
}

/** The lines of `--json` output, parsed. */
export function jsonLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line): unknown => JSON.parse(line));
}
