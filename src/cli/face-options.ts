/** Request options as flags: `det_threshold` is `--det-threshold`. Made from the contract, so that none is missing. */
import { OPTION_SCHEMAS, type OptionName, ROUTE_OPTIONS, type RouteName } from '../contract/options.ts';
import { usageError } from './cli-error.ts';
import type { Invocation, OptionSpecs } from './command.ts';

function flagOf(option: OptionName): string {
  return option.replaceAll('_', '-');
}

/** @param without what the command has a word for */
export function faceOptions(route: RouteName, without: readonly OptionName[] = []): OptionSpecs {
  return Object.fromEntries(
    ROUTE_OPTIONS[route]
      .filter((option) => !without.includes(option))
      .map((option) => [
        flagOf(option),
        { type: 'string', value: '<value>', help: OPTION_SCHEMAS[option].description ?? '' },
      ]),
  );
}

/**
 * The query of the request, checked here already: a wrong flag is a usage error and no picture is sent.
 * @param more what does not come from flags
 */
export function faceQuery(
  route: RouteName,
  invocation: Invocation,
  more: Readonly<Partial<Record<OptionName, string>>> = {},
): string {
  const query = new URLSearchParams(more);
  for (const option of ROUTE_OPTIONS[route]) {
    const value = invocation.text(flagOf(option));
    if (value === undefined) continue;
    const parsed = OPTION_SCHEMAS[option].safeParse(value);
    if (!parsed.success)
      throw usageError(`--${flagOf(option)} ${value}: ${parsed.error.issues[0]?.message ?? 'wrong'}`);
    query.set(option, value);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
