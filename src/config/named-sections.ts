/** Sections that people name themselves: what `models.<name>`, `tenants.<name>` and `alert_rules.<name>` get for the keys they leave out. */
import type { ModelSettings } from '../contract/settings.ts';
import { didYouMean } from '../util/nearest.ts';
import type { Assignment, Layer } from './assignment.ts';

export type Values = Map<string, Assignment>;

/** What a model that the defaults do not know gets for the keys its entry leaves out; `version` has no default. */
const NEW_MODEL: Omit<ModelSettings, 'version'> = {
  enabled: true,
  device: 'cpu',
  threads: 'auto',
  opinions: false,
  residency: 'resident',
  idle_ttl_ms: 300_000,
  pin: false,
  priority: 0,
  memory_limit_mb: 0,
};

const NO_ACTION = { url: '', method: 'POST', body: '', command: [] };
/** `device` and `holds_mb` have no default. */
const NEW_TENANT = { timeout_ms: 10_000, release: NO_ACTION, reacquire: NO_ACTION };

/** `metric` and `above` have no default; `clear_below` is `above`, so that a rule ends where it began. */
const NEW_RULE = { enabled: true, for_ms: 10_000, severity: 'warning' };
const RULE_NEEDS = ['metric', 'above'];

const NEEDED: readonly (readonly [key: string, what: string])[] = [
  ['device', 'the device it shares with the models, e.g. cuda:0'],
  ['holds_mb', 'what it gives back when asked, in MB'],
];

export const NAMED_SECTIONS = ['models', 'tenants', 'alert_rules'] as const;
/** Name → where its entry begins, for each section; names in the order of the files. */
export type NamedSections = Readonly<Record<(typeof NAMED_SECTIONS)[number], ReadonlyMap<string, string>>>;

export function groupEntries(entries: Layer['entries']): NamedSections {
  const of = (wanted: string): Map<string, string> =>
    new Map(entries.filter(({ section }) => section === wanted).map(({ name, origin }) => [name, origin]));
  return { models: of('models'), tenants: of('tenants'), alert_rules: of('alert_rules') };
}

/** Fills a model's entry; says what is missing. */
export function completeModel(
  values: Values,
  name: string,
  origin: string,
  defaultModels: readonly string[],
): string[] {
  fill(values, ['models', name], NEW_MODEL, 'default of a new model');
  if (values.has(`models.${name}.version`)) return [];
  const hint = didYouMean(name, defaultModels);
  return [`models.${name} (${origin}): a new model needs "version", a folder under models_dir${hint}`];
}

/** Fills a tenant's entry; says what is missing. */
export function completeTenant(values: Values, name: string, origin: string): string[] {
  fill(values, ['tenants', name], NEW_TENANT, 'default of a tenant');
  const at = `tenants.${name} (${origin})`;
  const problems = NEEDED.filter(([key]) => !values.has(`tenants.${name}.${key}`)).map(
    ([key, what]) => `${at}: a tenant needs "${key}": ${what}`,
  );
  if (isEmpty(values, name, 'url') && isEmpty(values, name, 'command')) {
    problems.push(`${at}: a tenant needs "release.url" or "release.command": how it is asked for its memory`);
  }
  return problems;
}

/** Fills a rule's entry; says what is missing. */
export function completeRule(values: Values, name: string, origin: string): string[] {
  const above = values.get(`alert_rules.${name}.above`)?.value;
  fill(values, ['alert_rules', name], { ...NEW_RULE, clear_below: above }, 'default of a rule');
  return RULE_NEEDS.filter((key) => !values.has(`alert_rules.${name}.${key}`)).map(
    (key) => `alert_rules.${name} (${origin}): a rule needs "${key}"`,
  );
}

function isEmpty(values: Values, name: string, key: string): boolean {
  const value = values.get(`tenants.${name}.release.${key}`)?.value;
  return value === '' || (Array.isArray(value) && value.length === 0);
}

function fill(values: Values, path: readonly string[], defaults: object, origin: string): void {
  for (const [key, value] of Object.entries(defaults) as [string, unknown][]) {
    const below = [...path, key];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) fill(values, below, value, origin);
    else if (value !== undefined && !values.has(below.join('.')))
      values.set(below.join('.'), { path: below, value, origin });
  }
}
