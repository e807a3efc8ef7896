/** Request options: from query, form fields or JSON members to the parsed options of one route. */
import * as z from 'zod';
import { FacepoolError } from '../contract/errors.ts';
import {
  OPTION_SCHEMAS,
  type OptionName,
  ROUTE_OPTIONS,
  type RequestOptions,
  type RouteName,
} from '../contract/options.ts';

/** Name and value as they arrived. */
export type OptionPair = readonly [name: string, value: string];

const schema = z.object(OPTION_SCHEMAS).partial();

/** JSON Schema of an option's parsed value. */
export type OptionJsonSchema = {
  readonly type?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
};

/** The JSON Schema of one option, for `openapi.json` and for error messages. */
export function optionJsonSchema(name: OptionName): OptionJsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(OPTION_SCHEMAS[name], { io: 'output' });
  return rest as OptionJsonSchema;
}

/** What a client may write, in words. */
export function allowedValues(name: OptionName): string {
  const s = optionJsonSchema(name);
  if (s.items?.enum !== undefined) return `a comma list of ${s.items.enum.join(', ')}`;
  if (s.enum !== undefined) return `one of ${s.enum.join(', ')}`;
  if (s.type === 'integer') return `a whole number from ${s.minimum} to ${s.maximum}`;
  if (s.type === 'number') return `a number from ${s.minimum} to ${s.maximum}`;
  if (name === 'subject') return 'a name of 1 to 200 characters, none of them a control character';
  if (name === 'collection') return 'a name of letters, digits, dots and dashes, at most 64';
  if (s.pattern !== undefined) return 'a name of lower-case letters, digits and dashes';
  return `a text of ${s.minLength ?? 0} to ${s.maxLength ?? 'any number of'} characters`;
}

/** All query parameters of a request target, repeated ones included. */
export function queryPairs(url: string): OptionPair[] {
  const at = url.indexOf('?');
  return at === -1 ? [] : [...new URLSearchParams(url.slice(at + 1))];
}

/**
 * Checks and parses the options of one route.
 * @throws FacepoolError `unknown_option` for a name the route does not have, `invalid_argument` for a bad value or
 *   for two different values of one option
 */
export function parseOptions(route: RouteName, pairs: readonly OptionPair[]): RequestOptions {
  if (pairs.length === 0) return {};
  const values: Partial<Record<OptionName, string>> = {};
  for (const [name, value] of pairs) {
    if (!isOptionOf(route, name)) throw unknownOption(route, name);
    const before = values[name];
    if (before !== undefined && before.trim() !== value.trim()) {
      throw new FacepoolError('invalid_argument', `Option ${name} was given twice with different values.`, {
        param: name,
      });
    }
    values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path[0];
  const name = ROUTE_OPTIONS[route].find((option) => option === at);
  throw name === undefined
    ? new FacepoolError('invalid_argument', 'An option has a value that is not allowed.')
    : badValue(name);
}

function isOptionOf(route: RouteName, name: string): name is OptionName {
  return (ROUTE_OPTIONS[route] as readonly string[]).includes(name);
}

/** The error for a value outside what the option allows. */
export function badValue(name: OptionName): FacepoolError {
  return new FacepoolError('invalid_argument', `Option ${name} must be ${allowedValues(name)}.`, { param: name });
}

/** The error for a name that is no option of this route; says where else it is one. */
export function unknownOption(route: RouteName, name: string): FacepoolError {
  const shown = name.slice(0, 40);
  const elsewhere = Object.hasOwn(OPTION_SCHEMAS, name) ? ' (it belongs to other routes)' : '';
  const known = ROUTE_OPTIONS[route].join(', ');
  return new FacepoolError('unknown_option', `/${route} has no option "${shown}"${elsewhere}. It knows ${known}.`, {
    param: shown,
  });
}

/** Strict booleans of options: `true`, `false`, `1`, `0` and nothing else. */
export function parseBoolean(name: string, value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new FacepoolError('invalid_argument', `Option ${name} must be true, false, 1 or 0.`, { param: name });
}
