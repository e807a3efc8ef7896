/** What became of a picture of an import. */

export type Result =
  /** Now. */
  | 'enrolled'
  /** Enrolled before, by this import or an earlier one. */
  | 'present'
  /** With `--dry-run`: it would be sent. */
  | 'new'
  /** The server, or the file itself, says no: another try changes nothing. */
  | 'refused'
  /** Something went wrong: the next run tries it again. */
  | 'failed';

export type Outcome = {
  readonly person: string;
  readonly file: string;
  readonly result: Result;
  /** Of the error, or of the first warning; empty where there is none. */
  readonly code: string;
  readonly detail: string;
};
