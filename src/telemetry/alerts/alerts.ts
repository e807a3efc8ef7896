/** Alerts of devices and updates: looked at with every observation and after every update, told to people and programs. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FacepoolError } from '../../contract/errors.ts';
import type { AlertAnswer } from '../../contract/history.ts';
import type { Observation } from '../../contract/observation.ts';
import type { AlertRule, Settings } from '../../contract/settings.ts';
import type { Clock } from '../../util/clock.ts';
import type { Events } from '../events.ts';
import { type AlertChange, createAlertEngine } from './engine.ts';
import { deviceReadings, type Reading } from './readings.ts';
import { openSilences } from './silences.ts';
import { NO_DATA_MS } from './state.ts';
import { createSwapRecord } from './swap-record.ts';
import { type AlertFacts, changeText, emptyText, rowText } from './texts.ts';
import { openTold, subjectOf } from './told.ts';
import { createWebhook, type WebhookResult } from './webhook.ts';
import { type WebhookAlert, webhookAlert } from './webhook-payload.ts';

export type AlertsOptions = {
  readonly settings: Pick<Settings, 'alerts' | 'alert_rules' | 'monitor' | 'data_dir'>;
  readonly events: Events;
  readonly clock: Clock;
  /** Default: `<data_dir>/alert-silences.json`. What webhooks were told is in `alerts-told.json` beside it. */
  readonly stateFile?: string | undefined;
  /** Where people reach this server, e.g. `http://faces.example:8080`; asked when a message is made. */
  readonly externalUrl: () => string;
  readonly random?: (() => number) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** After every call of a webhook; for the log and for metrics. */
  readonly onWebhook?: ((result: WebhookResult) => void) | undefined;
  /** Something of the alerts does not work; serving and the alerts go on. */
  readonly onTrouble?: ((what: string, error: unknown) => void) | undefined;
};

export type Alerts = {
  /** Every rule that is looked at, with each device or model that it is about. */
  list(): readonly AlertAnswer[];
  /**
   * A silenced rule fires and shows as ever, but no webhook is called; what was told already is told to have ended.
   * @param ms from now on; 0 ends the silence
   * @throws FacepoolError `not_found` for an unknown rule, `invalid_argument` for a length of time that is none
   */
  silence(rule: string, ms: number): readonly AlertAnswer[];
  /** Looks at these from now on. What fires by a rule that is another one, or gone, has ended; the others go on. */
  setRules(rules: Settings['alert_rules']): void;
  close(): void;
};

const NO_ADDRESS = 'http://localhost';
const LONGEST_SILENCE_MS = 366 * 86_400_000;

type Firing = { readonly change: AlertChange; readonly text: string; isTold: boolean };

export function createAlerts(options: AlertsOptions): Alerts {
  const { settings, events, clock } = options;
  /** While the server does not listen yet it has no address. */
  const externalUrl = (): string => {
    const url = options.externalUrl();
    return URL.canParse(url) ? url : NO_ADDRESS;
  };
  const rules = new Map(enabled(settings.alert_rules));
  const engine = createAlertEngine(rules, settings.monitor.sample_ms);
  const swaps = createSwapRecord();
  const file = options.stateFile ?? path.join(settings.data_dir, 'alert-silences.json');
  const receivers = settings.alerts.webhooks.length;
  const onTrouble = options.onTrouble ?? (() => {});
  const silences = openSilences(file, onTrouble);
  const toldFile = path.join(path.dirname(file), 'alerts-told.json');
  const heard = receivers === 0 ? null : openTold(toldFile, { clock, receivers, onTrouble });
  const webhooks = settings.alerts.webhooks.map((address, receiver) =>
    createWebhook(address, {
      clock,
      externalUrl,
      random: options.random ?? Math.random,
      fetch: options.fetch ?? globalThis.fetch,
      timeoutMs: settings.alerts.webhook_timeout_ms,
      onResult: options.onWebhook ?? (() => {}),
      onSettled: (alerts) => heard?.settled(receiver, alerts),
    }),
  );
  /** By rule, then by subject. */
  const firing = new Map<string, Map<string, Firing>>();
  let observation: Observation | null = null;
  const facts = (at: number): AlertFacts => ({ observation, swaps, at });

  const toWebhook = ({ change, text }: Omit<Firing, 'isTold'>, endsAt: number | null): WebhookAlert[] => {
    const { rule, subject } = change;
    const known = rules.get(rule);
    if (known === undefined) return [];
    const { metric, severity } = known;
    const value = change.value ?? known.above;
    const alert = { rule, metric, severity, subject, value, text, startsAt: change.firedAt, endsAt };
    const made = webhookAlert(alert, externalUrl());
    return [heard?.asTold(made) ?? made];
  };

  const send = (rule: string, alerts: readonly WebhookAlert[]): void => {
    heard?.add(alerts);
    for (const webhook of webhooks) webhook.send(rule, alerts);
  };

  /** All of a rule that fires, and what has just ended: as Alertmanager sends a group. */
  const tellWebhooks = (rule: string, at: number, ended: readonly WebhookAlert[]): void => {
    const open = [...(firing.get(rule)?.values() ?? [])];
    const isSilent = silences.until(rule, at) !== null;
    const news = open.filter(({ isTold }) => !isTold);
    if (ended.length === 0 && (isSilent || news.length === 0)) return;
    const shown = isSilent ? open.filter(({ isTold }) => isTold) : open;
    for (const one of shown) one.isTold = true;
    const alerts = [...ended, ...shown.flatMap((one) => toWebhook(one, null))];
    send(rule, alerts);
  };

  /** What an earlier run told, and whether it goes on is not known yet. By rule, then by subject. */
  const inherited = new Map<string, Map<string, WebhookAlert>>();
  for (const { alert, settled } of heard?.list() ?? []) {
    const { rule, subject } = subjectOf(alert);
    const { metric, severity } = rules.get(rule) ?? {};
    const isSame = alert.labels['metric'] === metric && alert.labels['severity'] === severity;
    const goesOn = alert.status === 'firing' && isSame;
    if (goesOn) inherited.set(rule, (inherited.get(rule) ?? new Map<string, WebhookAlert>()).set(subject, alert));
    if (goesOn && settled) continue;
    send(rule, [goesOn || alert.status === 'resolved' ? alert : ended(alert, clock.date().getTime())]);
  }
  let firstLookAt: number | null = null;
  /** Goes on with them: those with a figure at once, the others after a minute, all where `readings` is null. */
  const goOn = (rule: string, readings: readonly Reading[] | null, at: number): void => {
    firstLookAt ??= at;
    const waiting = inherited.get(rule);
    for (const [subject, alert] of waiting ?? []) {
      const value = readings?.find((one) => one.subject === subject)?.value ?? null;
      if (readings !== null && value === null && at - firstLookAt < NO_DATA_MS) continue;
      waiting?.delete(subject);
      const since = Date.parse(alert.startsAt);
      engine.restore(rule, subject, since, value, at);
      const state = { state: 'firing', since, value, seenAt: at } as const;
      const change = { ...state, rule, subject, change: 'firing', firedAt: since } as const;
      const open = firing.get(rule) ?? new Map<string, Firing>();
      firing.set(rule, open.set(subject, { change, text: alert.annotations['description'] ?? '', isTold: true }));
    }
  };

  const look = (at: number, names: Iterable<string>): void => {
    for (const name of names) {
      const rule = rules.get(name);
      if (rule === undefined) continue;
      const open = firing.get(name) ?? new Map<string, Firing>();
      firing.set(name, open);
      const readings = [...deviceReadings(rule.metric, observation?.devices ?? []), ...swaps.readings(rule.metric, at)];
      goOn(name, readings, at);
      const over: WebhookAlert[] = [];
      for (const change of engine.look(name, readings, at)) {
        const { subject } = change;
        const text = changeText(rule, change, facts(at));
        const before = open.get(subject);
        if (change.change === 'firing') open.set(subject, { change, text, isTold: false });
        else open.delete(subject);
        if (change.change === 'resolved' && before?.isTold === true) over.push(...toWebhook({ change, text }, at));
        const { severity, above } = rule;
        const told = { rule: name, subject, state: change.change, severity, above, text, at };
        events.emit('alert', { ...told, value: change.value ?? above });
      }
      tellWebhooks(name, at, over);
    }
  };

  const swapRules = (): string[] =>
    [...rules].flatMap(([name, { metric }]) => (metric.startsWith('swap_') ? [name] : []));
  /** Before the rule changes. */
  const endRule = (name: string, rule: AlertRule, at: number): void => {
    const { severity, above } = rule;
    const text = `The rule ${name} was changed.`;
    goOn(name, null, at);
    const open = [...(firing.get(name)?.values() ?? [])];
    firing.delete(name);
    engine.forget(name);
    for (const { change } of open) {
      const told = { rule: name, subject: change.subject, state: 'resolved', severity, above, text, at } as const;
      events.emit('alert', { ...told, value: change.value ?? above });
    }
    const known = open.filter(({ isTold }) => isTold);
    tellWebhooks(
      name,
      at,
      known.flatMap(({ change }) => toWebhook({ change, text }, at)),
    );
  };

  const unsubscribe = [
    events.on('observation', (seen) => {
      observation = seen;
      look(seen.at, rules.keys());
    }),
    events.on('swap.end', (swap) => {
      swaps.add(swap);
      look(swap.at, swapRules());
    }),
  ];

  const list = (): AlertAnswer[] => {
    const rows = engine.rows();
    const now = clock.date().getTime();
    return [...rules].flatMap(([name, rule]): AlertAnswer[] => {
      const { metric, severity, above } = rule;
      const until = silences.until(name, now);
      const same = { rule: name, severity, metric, above, silenced_until: until === null ? null : isoTime(until) };
      const found = rows.filter((row) => row.rule === name);
      if (found.length === 0) {
        return [{ ...same, subject: null, state: 'no_data', value: null, since: null, text: emptyText(rule) }];
      }
      return found.map((row) => ({
        ...same,
        subject: row.subject,
        state: row.state,
        value: row.state === 'no_data' ? null : row.value,
        since: isoTime(row.since),
        text: rowText(rule, row, facts(now)),
      }));
    });
  };

  return {
    list,
    silence(rule, ms) {
      if (!rules.has(rule)) throw new FacepoolError('not_found', `there is no alert rule "${rule}"`);
      if (!Number.isFinite(ms) || ms < 0 || ms > LONGEST_SILENCE_MS) {
        throw new FacepoolError('invalid_argument', 'a silence lasts from 0 (none) to 366 days', { param: 'minutes' });
      }
      const now = clock.date().getTime();
      silences.set(rule, now + ms, now);
      return list();
    },
    setRules(next) {
      const at = clock.date().getTime();
      const wanted = new Map(enabled(next));
      for (const [name, rule] of rules) if (!isDeepStrictEqual(wanted.get(name), rule)) endRule(name, rule, at);
      rules.clear();
      for (const [name, rule] of wanted) rules.set(name, rule);
    },
    close() {
      for (const off of unsubscribe) off();
      for (const webhook of webhooks) webhook.close();
      heard?.close();
    },
  };
}

function enabled(rules: Settings['alert_rules']): [name: string, rule: AlertRule][] {
  // A copy: whoever gave them may change them.
  return Object.entries(structuredClone(rules)).filter(([, rule]) => rule.enabled);
}

function ended(alert: WebhookAlert, at: number): WebhookAlert {
  return { ...alert, status: 'resolved', endsAt: isoTime(at) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
