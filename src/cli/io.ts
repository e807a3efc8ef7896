/** The process as commands see it; tests give their own. */
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

export type Io = {
  readonly stdin: Readable;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** At Ctrl-C calls `act` instead of ending the process, until the function that it returns is called. */
  readonly onInterrupt?: (act: () => void) => () => void;
};

export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    onInterrupt,
  };
}

function onInterrupt(act: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, act);
  return () => {
    for (const signal of signals) process.removeListener(signal, act);
  };
}

export function printLine(screen: Screen, text = ''): void {
  screen.write(`${text}\n`);
}

/** To standard output. */
export function printAll(io: Io, lines: readonly string[]): void {
  for (const line of lines) printLine(io.stdout, line);
}

/** One JSON document on one line. */
export function printJson(io: Io, value: unknown): void {
  printLine(io.stdout, JSON.stringify(value));
}

export type Style = Parameters<typeof styleText>[0];

/** Colour on a terminal only, and not where NO_COLOR is set. */
export function paint(io: Io, style: Style | undefined, text: string): string {
  if (style === undefined || io.stdout.isTTY !== true || (io.env['NO_COLOR'] ?? '') !== '') return text;
  return styleText(style, text, { validateStream: false });
}

/** Names of files and words of a server must not steer the terminal, nor turn the direction of its text. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?');
}
