/** One value that one layer gives to one setting, and where it stands: every refusal names it. */

export type Assignment = {
  readonly path: readonly string[];
  readonly value: unknown;
  /** `config/my.yaml:4`, `FACEPOOL_HTTP_PORT`, `--port`. */
  readonly origin: string;
};

/** An entry of a section that people name themselves (`models.<name>`), also one with nothing in it. */
export type NamedEntry = { readonly section: string; readonly name: string; readonly origin: string };

/** A layer read as far as it can be: a later look at `problems` tells all faults at once. */
export type Layer = {
  readonly assignments: readonly Assignment[];
  /** Files only: text layers change entries and add none. */
  readonly entries: readonly NamedEntry[];
  readonly problems: readonly string[];
};
