/**
 * The rules over all their subjects. Pure but for what it remembers: times and figures come in, changes go out.
 *
 * inactive → pending (above the bound) → firing (so for `for_ms`, by the times of the samples) → inactive (below
 * `clear_below`). One sample that is not above, or a gap in the samples, begins the wait again.
 */
import type { AlertRule } from '../../contract/settings.ts';
import type { Reading } from './readings.ts';
import { type AlertState, nextState } from './state.ts';

export type AlertRow = AlertState & {
  readonly rule: string;
  readonly subject: string;
};

export type AlertChange = AlertRow & {
  readonly change: 'firing' | 'resolved';
  /** When it began to fire. */
  readonly firedAt: number;
};

/** Samples that are further apart than so many intervals are not consecutive. */
const GAP_INTERVALS = 3;

export type AlertEngine = {
  /**
   * Takes in what is known at a time, for one rule. A subject that is not among the readings any more counts as one
   * without data.
   * @param at milliseconds since 1970
   */
  look(rule: string, readings: readonly Reading[], at: number): AlertChange[];
  /** A subject that fires since an earlier run of the server; `at`: when it was last known to. No change comes of it. */
  restore(rule: string, subject: string, since: number, value: number | null, at: number): void;
  /** The rule is another one, or gone: what was known of its subjects does not count any more. */
  forget(rule: string): void;
  /** In the order of the rules, then of the subjects. */
  rows(): readonly AlertRow[];
};

/**
 * @param rules those that there are now: rules may come and go
 * @param sampleMs between two samples
 */
export function createAlertEngine(rules: ReadonlyMap<string, AlertRule>, sampleMs: number): AlertEngine {
  const states = new Map<string, Map<string, AlertState>>();
  const gapMs = GAP_INTERVALS * sampleMs;

  return {
    look(name, readings, at) {
      const rule = rules.get(name);
      if (rule === undefined) return [];
      const bySubject = states.get(name) ?? new Map<string, AlertState>();
      states.set(name, bySubject);
      const present = new Set(readings.map(({ subject }) => subject));
      const gone = [...bySubject.keys()].filter((subject) => !present.has(subject));
      const changes: AlertChange[] = [];
      for (const { subject, value } of [...readings, ...gone.map((subject) => ({ subject, value: null }))]) {
        const before = bySubject.get(subject);
        const after = nextState(rule, before, value, at, gapMs);
        if (after.state === 'no_data' && !present.has(subject)) bySubject.delete(subject);
        else bySubject.set(subject, after);
        if ((before?.state === 'firing') === (after.state === 'firing')) continue;
        const change = after.state === 'firing' ? 'firing' : 'resolved';
        changes.push({
          ...after,
          rule: name,
          subject,
          change,
          firedAt: change === 'firing' ? at : (before?.since ?? at),
        });
      }
      return changes;
    },
    restore(rule, subject, since, value, at) {
      const bySubject = states.get(rule) ?? new Map<string, AlertState>();
      states.set(rule, bySubject.set(subject, { state: 'firing', since, value, seenAt: at }));
    },
    forget: (rule) => void states.delete(rule),
    rows: () =>
      [...rules.keys()].flatMap((rule) =>
        [...(states.get(rule) ?? [])].map(([subject, state]) => ({ ...state, rule, subject })),
      ),
  };
}
