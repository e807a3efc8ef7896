/** What every sub-bench gives back: a table for people, and everything it measured for the raw file. */
import type { BenchOptions } from '../lib/options.ts';
import type { Table } from '../lib/table.ts';

export type SuiteResult = {
  readonly title: string;
  /** How it was measured, in one or two sentences. */
  readonly note: string;
  readonly tables: readonly { readonly caption: string; readonly table: Table }[];
  readonly raw: unknown;
};

export type SuiteContext = {
  readonly options: BenchOptions;
  /** Removed at the end. */
  readonly scratch: string;
  /** Progress, on stderr. */
  readonly say: (line: string) => void;
};

export type Suite = (context: SuiteContext) => Promise<SuiteResult>;
