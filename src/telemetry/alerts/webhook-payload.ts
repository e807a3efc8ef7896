/**
 * Alerts as Alertmanager's webhooks carry them, version 4.
 * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */

export type WebhookAlert = {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly startsAt: string;
  /** Year 1 (Go's zero time) while it fires. */
  readonly endsAt: string;
  readonly generatorURL: string;
  /** 16 hexadecimal digits, the same for the same labels. */
  readonly fingerprint: string;
};

export type WebhookMessage = {
  readonly receiver: string;
  /** `firing` while any of the alerts does. */
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly WebhookAlert[];
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
};

export type AlertForWebhook = {
  readonly rule: string;
  readonly metric: string;
  readonly severity: string;
  /** Id of a device, or a model. */
  readonly subject: string;
  readonly value: number;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  /** Null while it fires. */
  readonly endsAt: number | null;
};

const ZERO_TIME = '0001-01-01T00:00:00Z';
const RECEIVER = 'facepool';

/** @param externalUrl where people reach this server, without a slash at the end */
export function webhookAlert(alert: AlertForWebhook, externalUrl: string): WebhookAlert {
  const labels = {
    alertname: alert.rule,
    instance: new URL(externalUrl).host,
    job: 'facepool',
    metric: alert.metric,
    severity: alert.severity,
    [alert.metric.startsWith('swap_') ? 'model' : 'device']: alert.subject,
  };
  return {
    status: alert.endsAt === null ? 'firing' : 'resolved',
    labels,
    annotations: { summary: `${alert.rule}: ${alert.subject}`, description: alert.text, value: String(alert.value) },
    startsAt: new Date(alert.startsAt).toISOString(),
    endsAt: alert.endsAt === null ? ZERO_TIME : new Date(alert.endsAt).toISOString(),
    generatorURL: `${externalUrl}/v1/alerts`,
    fingerprint: fingerprint(labels),
  };
}

/** All alerts of one rule. `truncated`: how many more there would be. */
export function webhookMessage(
  rule: string,
  alerts: readonly WebhookAlert[],
  externalUrl: string,
  truncated = 0,
): WebhookMessage {
  return {
    receiver: RECEIVER,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts,
    groupLabels: { alertname: rule },
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: externalUrl,
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(rule)}}`,
    truncatedAlerts: truncated,
  };
}

/** What is the same in all. */
function common(records: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...others] = records;
  return Object.fromEntries(Object.entries(first).filter(([key, value]) => others.every((one) => one[key] === value)));
}

const FNV_OFFSET = 14_695_981_039_346_656_037n;
const FNV_PRIME = 1_099_511_628_211n;
const SEPARATOR = 0xff;

/** Prometheus' fingerprint of a label set: FNV-1a over names and values in the order of the names. */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  let hash = FNV_OFFSET;
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  };
  for (const name of Object.keys(labels).sort()) {
    for (const text of [name, labels[name] ?? '']) {
      for (const byte of Buffer.from(text)) add(byte);
      add(SEPARATOR);
    }
  }
  return hash.toString(16).padStart(16, '0');
}
