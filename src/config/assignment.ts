/** One value that one layer gives to one setting, and where it stands: every refusal names it. */

export type Assignment = {
  readonly path: readonly string[];
  readonly value: unknown;
  /** `config/my.yaml:4`, `FACEPOOL_HTTP_PORT`, `--port`. */
  readonly origin: string;
};

/** A layer read as far as it can be: a later look at `problems` tells all faults at once. */
export type Layer = { readonly assignments: readonly Assignment[]; readonly problems: readonly string[] };
