/** What ends a command: a sentence for people and an exit code for programs. */
import { ConfigError } from '../config/config-error.ts';
import { FacepoolError, toWire, type WireError } from '../contract/errors.ts';
import type { Problem } from '../contract/results.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** What the server said, where it was the server that refused. */
  readonly problem: Problem | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfterS: number | undefined;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly problem?: Problem | undefined;
      readonly retryAfterS?: number | undefined;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.problem = options.problem;
    this.retryAfterS = options.retryAfterS;
  }
}

export function usageError(message: string): CliError {
  return new CliError(EXIT.usage, message);
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof FacepoolError && error.status < 500) return EXIT.refused;
  return EXIT.failure;
}

/** Of a command about several things, of which these went wrong: `refused` where all of them were. */
export function exitCodeOfAll(errors: readonly unknown[]): ExitCode {
  if (errors.length === 0) return EXIT.ok;
  return errors.every((error) => exitCodeOf(error) === EXIT.refused) ? EXIT.refused : EXIT.failure;
}

/** The error as `--json` shows it. */
export function errorForJson(error: unknown): Problem | Pick<WireError, 'code' | 'message' | 'param'> {
  if (error instanceof CliError && error.problem !== undefined) return error.problem;
  const code = error instanceof CliError && error.exitCode === EXIT.usage ? 'invalid_argument' : 'internal';
  const wire = toWire(error, code);
  return { code: wire.code, message: wire.message, ...(wire.param === undefined ? {} : { param: wire.param }) };
}
