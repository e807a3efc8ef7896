import { FacepoolError } from '../contract/errors.ts';

/** The configuration is not usable. `problems` holds one sentence per fault: setting, value, where it stands, what is allowed. */
export class ConfigError extends FacepoolError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options: { readonly cause?: unknown } = {}) {
    super('invalid_argument', problems.join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
