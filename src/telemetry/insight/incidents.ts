/** What happened again and again: crashes, running out of memory, models that push each other out. */
import type { EventType, Finding, StoredEvent } from '../../contract/history.ts';
import { formatBytes } from '../../util/format.ts';
import { known, mean } from './series.ts';
import { eventTime, finding, type InsightWindow, modelOf, modelsOn, nameOf } from './window.ts';

/** So often is no accident any more. */
export const OFTEN = 3;

/** Events of these types by subject, those without one left out. */
function bySubject({ history }: InsightWindow, types: readonly EventType[]): Map<string, StoredEvent[]> {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of history.events) {
    if (event.subject === null || !types.includes(event.type)) continue;
    groups.set(event.subject, [...(groups.get(event.subject) ?? []), event]);
  }
  return groups;
}

export function repeatedCrashes(window: InsightWindow): Finding[] {
  return [...bySubject(window, ['crash'])].flatMap(([subject, events]) => {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined || events.length < OFTEN) return [];
    const times = `${eventTime(window, first)} and ${eventTime(window, last)}`;
    const found = finding(window, {
      code: 'repeated_crashes',
      severity: 'error',
      subject,
      text: `${subject} crashed ${events.length} times between ${times}. The last time: ${ended(last.text)} What it said: facepool logs ${subject}`,
      numbers: { crashes: events.length },
    });
    return [{ ...found, from: first.at, to: last.at }];
  });
}

export function outOfMemory(window: InsightWindow): Finding[] {
  return [...bySubject(window, ['oom'])].flatMap(([subject, events]) => {
    const last = events.at(-1);
    if (last === undefined) return [];
    const times = events.length === 1 ? 'once' : `${events.length} times`;
    const needs = modelOf(window, subject)?.estimateBytes;
    const more = needs === undefined ? '' : ` By its manifest it needs ${formatBytes(needs)}.`;
    const found = finding(window, {
      code: 'out_of_memory',
      severity: 'error',
      subject,
      text: `${subject} ran out of memory ${times}, last at ${eventTime(window, last)}: ${ended(last.text)}${more} Unload another model, or give its device more.`,
      numbers: { times: events.length, ...(needs === undefined ? {} : { needed: needs }) },
    });
    return [{ ...found, from: events[0]?.at ?? last.at, to: last.at }];
  });
}

/** A model that is unloaded for others and loaded again, over and over: its device has too small a budget. */
export function thrash(window: InsightWindow): Finding[] {
  const loads = bySubject(window, ['ready']);
  return [...bySubject(window, ['evict'])].flatMap(([subject, all]) => {
    const evictions = all.filter(isForOthers);
    const reloads = loads.get(subject)?.length ?? 0;
    const times = Math.min(evictions.length, reloads);
    const [first, last] = [evictions[0], evictions.at(-1)];
    if (times < OFTEN || first === undefined || last === undefined) return [];
    const short = shortage(window, subject);
    const found = finding(window, {
      code: 'thrash',
      severity: 'warning',
      subject,
      text: `${subject} was unloaded for other models ${evictions.length} times and loaded again ${reloads} times. ${short.text}`,
      numbers: { evictions: evictions.length, loads: reloads, ...short.numbers },
    });
    return [{ ...found, from: first.at, to: last.at }];
  });
}

/** What the scheduler says where a model goes for others, or for want of memory: not where it was idle, or asked to. */
const FOR_OTHERS = /^(room for|others|out of memory)/;

function isForOthers({ details }: StoredEvent): boolean {
  const { reason } = details;
  return typeof reason === 'string' && FOR_OTHERS.test(reason);
}

type Shortage = { readonly text: string; readonly numbers: Readonly<Record<string, number>> };

/** What all models of its device need together, against what they may take. */
function shortage(window: InsightWindow, model: string): Shortage {
  const advice = 'Give them a larger budget, use smaller versions, or pin the model that matters most.';
  const id = window.history.workers.find(({ name }) => name === model)?.device;
  const device = window.history.devices.find((one) => one.id === id);
  const budget = device === undefined ? null : mean(device.columns.budget);
  if (device === undefined || budget === null) return { text: advice, numbers: {} };
  const needed = modelsOn(window, device).reduce((sum, { name, columns }) => {
    const { reservedBytes, estimateBytes } = modelOf(window, name) ?? {};
    // What it took at most says more than an estimate; while it is unloaded that is 0 or unknown.
    const reserved = Math.max(0, reservedBytes ?? 0, ...new Set(known(columns.reserved)));
    return sum + (reserved > 0 ? reserved : (estimateBytes ?? 0));
  }, 0);
  if (needed <= budget) return { text: advice, numbers: { needed, budget } };
  return {
    text: `The models of ${nameOf(device)} need ${formatBytes(needed)} together and may take ${formatBytes(budget)}: ${formatBytes(needed - budget)} more and all of them stay. ${advice}`,
    numbers: { needed, budget, missing: needed - budget },
  };
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
