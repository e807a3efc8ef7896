/** What is asked of the importer: a short-lived child, `workers/importer.ts`, that reads model files which nobody trusts yet. */
import type { Golden, Manifest } from './manifest.ts';

/** Raised whenever the importer writes other nodes: graphs imported under another number are made again. */
export const IMPORTER_VERSION = 3;

export type ImportParams = {
  readonly source: string;
  readonly target: string;
  readonly graph: Manifest['graphs'][number];
};
export type ImportResult = { readonly bytes: number; readonly verified: boolean; readonly maxAbsDiff: number };

/** Checks the files of a new version before anything else reads them. Writes nothing. */
export type InspectParams = {
  readonly manifest: Manifest;
  /** Graph id → path of the float graph, of every graph of the manifest. */
  readonly sources: Readonly<Record<string, string>>;
};
/** What the checks found in one file. */
export type InspectedGraph = {
  readonly graph: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly nodes: number;
  /** Numbers in its weights. */
  readonly parameters: number;
};
export type InspectResult = {
  readonly graphs: readonly InspectedGraph[];
  /** What the float graphs gave for seeded pictures. */
  readonly golden: Golden;
};
export type ImporterCalls = {
  import: { params: ImportParams; result: ImportResult };
  inspect: { params: InspectParams; result: InspectResult };
};
