/** What no single setting can be blamed for, and what a schema cannot say. */
import type { Settings, TenantAction } from '../contract/settings.ts';

/** Where a setting's value stands, e.g. `my.yaml:3`. */
export type OriginOf = (setting: string) => string;

/** One sentence per fault. */
export function crossFaults(settings: Settings, originOf: OriginOf): string[] {
  return [
    ...timeoutFaults(settings, originOf),
    ...budgetFaults(settings, originOf),
    ...tenantFaults(settings, originOf),
    ...alertFaults(settings, originOf),
    ...nameFaults(settings, originOf),
  ];
}

function timeoutFaults({ limits }: Settings, originOf: OriginOf): string[] {
  const { timeout_ms, max_timeout_ms } = limits;
  if (timeout_ms <= max_timeout_ms) return [];
  const allowed = `no more than limits.max_timeout_ms, which is ${max_timeout_ms} (${originOf('limits.max_timeout_ms')})`;
  return [refused('limits.timeout_ms', originOf, timeout_ms, allowed)];
}

function budgetFaults({ memory }: Settings, originOf: OriginOf): string[] {
  const devices = memory.budgets.map((budget) => budget.split('=')[0]);
  const twice = devices.find((device, i) => devices.indexOf(device) !== i);
  if (twice === undefined) return [];
  return [refused('memory.budgets', originOf, memory.budgets, `one budget for each device; ${twice} has two`)];
}

function tenantFaults({ tenants }: Settings, originOf: OriginOf): string[] {
  return Object.entries(tenants).flatMap(([name, tenant]) => [
    ...actionFaults(`tenants.${name}.release`, tenant.release, originOf),
    ...actionFaults(`tenants.${name}.reacquire`, tenant.reacquire, originOf),
  ]);
}

function alertFaults({ alerts, alert_rules }: Settings, originOf: OriginOf): string[] {
  const bad = alerts.webhooks.find((url) => !isWebAddress(url));
  const faults =
    bad === undefined
      ? []
      : [refused('alerts.webhooks', originOf, bad, 'addresses that begin with http:// or https://')];
  for (const [name, { above, clear_below: clear }] of Object.entries(alert_rules)) {
    const allowed = `no more than above, which is ${above}`;
    if (clear > above) faults.push(refused(`alert_rules.${name}.clear_below`, originOf, clear, allowed));
  }
  return faults;
}

/** Processes of the server itself have these names. */
const TAKEN = ['imaging', 'monitor', 'supervisor', 'importer', 'server'];

function nameFaults({ models }: Settings, originOf: OriginOf): string[] {
  return TAKEN.filter((name) => models[name] !== undefined).map(
    (name) => `models.${name} (${originOf(`models.${name}.version`)}): the name is taken by a process of the server`,
  );
}

function actionFaults(setting: string, action: TenantAction, originOf: OriginOf): string[] {
  const { url, command, body, method } = action;
  const faults: string[] = [];
  if (url !== '' && !isWebAddress(url)) {
    faults.push(refused(`${setting}.url`, originOf, url, 'an address that begins with http:// or https://'));
  }
  if (url !== '' && command.length > 0) {
    faults.push(refused(`${setting}.command`, originOf, command, `none beside a url (${originOf(`${setting}.url`)})`));
  }
  if (command[0] === '') faults.push(refused(`${setting}.command`, originOf, command, 'a program, then its arguments'));
  if (body !== '' && !isJson(body)) faults.push(refused(`${setting}.body`, originOf, body, 'JSON, or nothing'));
  if (body !== '' && method === 'GET') {
    faults.push(refused(`${setting}.body`, originOf, body, 'none with the method GET, which carries no body'));
  }
  return faults;
}

function refused(setting: string, originOf: OriginOf, value: unknown, allowed: string): string {
  return `${setting} (${originOf(setting)}): ${JSON.stringify(value)} is not allowed; allowed: ${allowed}`;
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
