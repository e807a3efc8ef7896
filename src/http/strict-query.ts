/** Queries of routes with few options: known names only, each once. */
import { FacepoolError } from '../contract/errors.ts';
import { queryPairs } from './options.ts';

/**
 * The options of one request, as written.
 * @param route in errors, e.g. `/v1/history`
 * @throws FacepoolError `unknown_option`; `invalid_argument` for one that is given twice
 */
export function readQuery<Name extends string>(
  route: string,
  url: string,
  known: readonly Name[],
): Partial<Record<Name, string>> {
  const given: Partial<Record<Name, string>> = {};
  for (const [text, value] of queryPairs(url)) {
    const name = known.find((one) => one === text);
    if (name === undefined) {
      const shown = text.slice(0, 40);
      const list = known.length === 0 ? 'It takes none.' : `It knows ${known.join(', ')}.`;
      throw new FacepoolError('unknown_option', `${route} has no option "${shown}". ${list}`, { param: shown });
    }
    if (given[name] !== undefined) {
      throw new FacepoolError('invalid_argument', `Option ${name} was given twice.`, { param: name });
    }
    given[name] = value;
  }
  return given;
}
