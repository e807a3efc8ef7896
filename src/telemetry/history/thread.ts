/** What runs in the history's thread: the store is opened by the first task, and again after every failure. */
import type { EventQuery } from '../../contract/history.ts';
import { setAside } from './database.ts';
import type { EventRow } from './event-table.ts';
import { toFault } from './faults.ts';
import type { Fault } from './faults.ts';
import type { SeriesPart } from './ring.ts';
import { HistoryStore } from './store.ts';
import type { StoreConfig, StoreState, WriteBatch } from './store.ts';
import type { PartsQuery } from './store-query.ts';

/** Errors lose their class between threads. `notice`: the file was given up and a new one begun; why. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly notice: string | null }
  | { readonly ok: false; readonly fault: Fault };

/** The tasks by name: what comes with them, and what they answer. */
export type Tasks = {
  write: { readonly task: WriteBatch; readonly answer: StoreState };
  parts: { readonly task: PartsQuery; readonly answer: readonly SeriesPart[] };
  events: { readonly task: EventQuery; readonly answer: readonly EventRow[] };
  close: { readonly task: null; readonly answer: null };
};
export type TaskName = keyof Tasks;
export type Task<K extends TaskName> = { readonly config: StoreConfig; readonly task: Tasks[K]['task'] };

let open: HistoryStore | null = null;

function shut(): void {
  const store = open;
  open = null;
  try {
    store?.close();
  } catch {
    // It was broken; the kernel has the rest.
  }
}

function attempt<T>(config: StoreConfig, use: (store: HistoryStore) => T): Outcome<T> {
  try {
    open ??= new HistoryStore(config);
    return { ok: true, value: use(open), notice: null };
  } catch (error) {
    shut();
    return { ok: false, fault: toFault(error) };
  }
}

/** A file that is damaged or gone is replaced by a new one, once. */
function withStore<T>(config: StoreConfig, use: (store: HistoryStore) => T): Outcome<T> {
  const first = attempt(config, use);
  if (first.ok || (first.fault.kind !== 'damaged' && first.fault.kind !== 'gone')) return first;
  let notice = first.fault.detail;
  if (first.fault.kind === 'damaged') {
    try {
      notice += `; it is kept as ${setAside(config.file, new Date())}`;
    } catch (error) {
      return { ok: false, fault: toFault(error) };
    }
  }
  const second = attempt(config, use);
  return second.ok ? { ...second, notice: `${notice}; a new one is begun` } : second;
}

export function write({ config, task }: Task<'write'>): Outcome<StoreState> {
  return withStore(config, (store) => store.write(task));
}

export function parts({ config, task }: Task<'parts'>): Outcome<readonly SeriesPart[]> {
  return withStore(config, (store) => store.parts(task));
}

export function events({ config, task }: Task<'events'>): Outcome<readonly EventRow[]> {
  return withStore(config, (store) => store.events(task));
}

export function close(_task: Task<'close'>): Outcome<null> {
  shut();
  return { ok: true, value: null, notice: null };
}
