/** What happens rarely and matters: updates of models, alerts and their webhooks, the state of the history. */
import { ALERT_STATES } from '../../contract/history.ts';
import type { AlertAnswer, GpuAnswer } from '../../contract/history.ts';
import type { WebhookResult } from '../alerts/webhook.ts';
import type { EventMap } from '../events.ts';
import { type Declare, stateSet } from './declare.ts';

/** An update is a load at least; a minute is what alerts ask about. */
const SWAP_BUCKETS = [0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 300];

export type HistoryStatus = GpuAnswer['history'];
const HISTORY_STATES: readonly HistoryStatus['state'][] = ['ok', 'off', 'memory_only', 'failing'];
const WEBHOOK_RESULTS: readonly WebhookResult['result'][] = ['sent', 'failed', 'refused', 'given_up'];
const SWAP_RESULTS: readonly EventMap['swap.end']['result'][] = ['ok', 'failed', 'rolled_back'];

export function declareStory(declare: Declare) {
  let readAlerts: () => Iterable<AlertAnswer> = () => [];
  let readHistory: () => HistoryStatus | null = () => null;

  declare.readings(
    'alert_state',
    '1 for the state of an alert rule on a device or model, 0 for every other',
    ['rule', 'subject', 'state'],
    function* () {
      for (const { rule, subject, state } of readAlerts()) {
        yield* stateSet(ALERT_STATES, state, { rule, subject: subject ?? '' });
      }
    },
  );
  declare.readings('history_state', '1 for the state of the history, 0 for every other', ['state'], function* () {
    const history = readHistory();
    if (history !== null) yield* stateSet(HISTORY_STATES, history.state, {});
  });
  declare.readings('history_bytes', 'Size of the history on disk, in bytes', [], () => {
    return [[{}, readHistory()?.bytes ?? null] as const];
  });
  declare.readings(
    'history_oldest_timestamp_seconds',
    'Time of the oldest sample in the history, in seconds since 1970',
    [],
    () => {
      const oldest = readHistory()?.oldest ?? null;
      return [[{}, oldest === null ? null : Date.parse(oldest) / 1000] as const];
    },
  );

  const swaps = declare.counter('swaps_total', 'Updates of a model, by outcome: ok, failed, rolled_back', [
    'model',
    'result',
  ]);
  const swapDuration = declare.histogram(
    'swap_duration_seconds',
    'Time of one update of a model, in seconds',
    ['model', 'result'],
    SWAP_BUCKETS,
  );
  const lastSwap = declare.gauge('swap_last_duration_seconds', 'Time of the last update of a model, in seconds', [
    'model',
  ]);
  const alertsFired = declare.counter('alerts_fired_total', 'Times that an alert rule began to fire', [
    'rule',
    'severity',
  ]);
  const alertWebhooks = declare.counter(
    'alert_webhooks_total',
    'Calls of alert webhooks by outcome: sent, failed (tried again), refused, given_up',
    ['result'],
  );
  // `increase()` does not see the first count of a series that begins at 1.
  for (const result of WEBHOOK_RESULTS) alertWebhooks.inc({ result }, 0);

  return {
    /** Labels: result (a WebhookResult's). */
    alertWebhooks,
    /** What `alert_state` shows, read at the scrape; the last one registered counts. */
    observeAlerts(read: () => Iterable<AlertAnswer>): void {
      readAlerts = () => {
        const alerts = [...read()];
        // At the scrape, because rules come with a reload too.
        for (const { rule, severity } of alerts) alertsFired.inc({ rule, severity }, 0);
        return alerts;
      };
    },
    /** The same for the state and the size of the history; null while there is none. */
    observeHistory(read: () => HistoryStatus | null): void {
      readHistory = read;
    },
    onSwapEnd({ model, result, seconds }: EventMap['swap.end']): void {
      swaps.inc({ model, result });
      swapDuration.observe({ model, result }, seconds);
      lastSwap.set({ model }, seconds);
    },
    /** Begins the totals of a model at 0. */
    beginSwaps(model: string): void {
      for (const result of SWAP_RESULTS) swaps.inc({ model, result }, 0);
    },
    onAlert({ rule, severity, state }: EventMap['alert']): void {
      if (state === 'firing') alertsFired.inc({ rule, severity });
    },
  };
}
