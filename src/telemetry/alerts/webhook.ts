/**
 * One address that gets alerts. Nothing waits for it: what is to be told is kept per rule, only the newest word about
 * each alert, and a receiver that is slow or away costs one call at a time and a few kilobytes.
 */
import type { Clock } from '../../util/clock.ts';
import { type WebhookAlert, webhookMessage } from './webhook-payload.ts';

export type WebhookResult = {
  /** Host and port alone: paths of webhooks are often secret. */
  readonly receiver: string;
  /**
   * `sent`; `failed`: it is tried again; `refused`: the receiver does not want it (4xx), and it is dropped;
   * `given_up`: dropped after an hour.
   */
  readonly result: 'sent' | 'failed' | 'refused' | 'given_up';
  readonly rule: string;
  readonly detail: string;
};

export type WebhookDeps = {
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly externalUrl: () => string;
  readonly onResult: (result: WebhookResult) => void;
  /** The receiver has these alerts, or they were dropped: they are not sent again. */
  readonly onSettled?: ((alerts: readonly WebhookAlert[]) => void) | undefined;
};

export type Webhook = {
  /** Takes the alerts of one rule; returns at once, never throws. */
  send(rule: string, alerts: readonly WebhookAlert[]): void;
  /** Ends a call that runs, and forgets the rest. */
  close(): void;
};

type Group = {
  readonly alerts: Map<string, WebhookAlert>;
  truncated: number;
  /** When the oldest word that was not delivered came; the clock's `now`. */
  waitsSince: number;
};

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5 * 60_000;
export const GIVE_UP_MS = 60 * 60_000;
/** Alerts in one message. */
export const MAX_ALERTS = 100;
/** They are worth another try although they are 4xx. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

export function createWebhook(address: string, deps: WebhookDeps): Webhook {
  const { clock } = deps;
  const target = readTarget(address);
  const groups = new Map<string, Group>();
  let call: AbortController | null = null;
  let cancelRetry: (() => void) | null = null;
  let failures = 0;
  let closed = false;

  const tell = (rule: string, result: WebhookResult['result'], detail: string): void =>
    deps.onResult({ receiver: target.receiver, result, rule, detail });

  /** One message; the rest follows from its end. */
  const next = (): void => {
    const [entry] = groups;
    if (closed || call !== null || cancelRetry !== null || entry === undefined) return;
    const [rule, group] = entry;
    const sent = [...group.alerts];
    call = new AbortController();
    const message = webhookMessage(
      rule,
      sent.map(([, alert]) => alert),
      deps.externalUrl(),
      group.truncated,
    );
    void post(target, JSON.stringify(message), call, deps).then((outcome) => {
      call = null;
      if (closed) return;
      if (outcome.ok || !outcome.again) {
        failures = 0;
        forget(group, sent, clock.now());
        if (group.alerts.size === 0) groups.delete(rule);
        deps.onSettled?.(sent.map(([, alert]) => alert));
        tell(rule, outcome.ok ? 'sent' : 'refused', outcome.detail);
      } else {
        // To the end: what a receiver cannot take must not hold up the rest.
        groups.delete(rule);
        groups.set(rule, group);
        tell(rule, 'failed', outcome.detail);
        retryLater();
      }
      next();
    });
  };

  /** Drops what waited too long, and waits with what is left. */
  const retryLater = (): void => {
    for (const [rule, group] of groups) {
      if (clock.now() - group.waitsSince < GIVE_UP_MS) continue;
      groups.delete(rule);
      deps.onSettled?.([...group.alerts.values()]);
      tell(rule, 'given_up', `${group.alerts.size} alerts could not be delivered for an hour`);
    }
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 20));
    failures += 1;
    if (groups.size === 0) return;
    cancelRetry = clock.after(longest * (0.5 + deps.random() / 2), () => {
      cancelRetry = null;
      next();
    });
  };

  return {
    send(rule, alerts) {
      if (closed) return;
      const group = groups.get(rule) ?? { alerts: new Map(), truncated: 0, waitsSince: clock.now() };
      for (const alert of alerts) group.alerts.set(alert.fingerprint, alert);
      for (const key of group.alerts.keys()) {
        if (group.alerts.size <= MAX_ALERTS) break;
        group.alerts.delete(key);
        group.truncated += 1;
      }
      groups.set(rule, group);
      next();
    },
    close() {
      closed = true;
      groups.clear();
      cancelRetry?.();
      call?.abort();
    },
  };
}

/** What came while the call ran stays: it is newer. */
function forget(group: Group, sent: readonly (readonly [string, WebhookAlert])[], now: number): void {
  for (const [key, alert] of sent) if (group.alerts.get(key) === alert) group.alerts.delete(key);
  group.truncated = 0;
  group.waitsSince = now;
}

type Target = { readonly url: string; readonly receiver: string; readonly headers: Readonly<Record<string, string>> };

/** `fetch` takes no user and password in an address; they become a header. */
function readTarget(address: string): Target {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const headers = { 'content-type': 'application/json', 'user-agent': 'facepool' };
  if (username === '' && password === '') return { url: url.href, receiver: url.host, headers };
  const secret = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  return { url: url.href, receiver: url.host, headers: { ...headers, authorization: `Basic ${secret}` } };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Outcome = { readonly ok: boolean; readonly again: boolean; readonly detail: string };

/** Never rejects. */
async function post(target: Target, body: string, call: AbortController, deps: WebhookDeps): Promise<Outcome> {
  let isLate = false;
  const cancel = deps.clock.after(deps.timeoutMs, () => {
    isLate = true;
    call.abort();
  });
  try {
    const { headers, url } = target;
    // Not redirected: a POST would arrive as a GET, and count as delivered.
    const redirect = 'manual';
    const answer = await deps.fetch(url, { method: 'POST', headers, body, redirect, signal: call.signal });
    await answer.body?.cancel();
    const isLost = answer.status >= 500 || RETRIED_STATUS.has(answer.status);
    return { ok: answer.ok, again: isLost, detail: `answered ${answer.status}` };
  } catch (error) {
    return { ok: false, again: true, detail: isLate ? `no answer in ${deps.timeoutMs} ms` : reasonOf(error) };
  } finally {
    cancel();
  }
}

/** `fetch` says no more than "fetch failed"; its cause knows. Neither names the path. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const { cause } = error;
  if (!(cause instanceof Error)) return error.name;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
