/** What the process says when it ends; `docs/cli.md` tells people. */
export const EXIT = {
  ok: 0,
  /** It was tried and went wrong: the server answered 5xx, a file could not be read, a download failed. */
  failure: 1,
  /** The command line is wrong; nothing was tried. */
  usage: 2,
  /** No server answers on the admin socket. */
  noServer: 3,
  /** The server refused (4xx): no such model, not a picture, no face, an option out of range. */
  refused: 4,
  /** The configuration is wrong. */
  config: 5,
  /** `verify`: not shown to be the same person; `search`: nobody who is known. Both pictures were understood. */
  noMatch: 6,
  /** `people import`: it went to its end, and some pictures were refused. */
  someRefused: 7,
  /** Ended by Ctrl-C, in good order. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
