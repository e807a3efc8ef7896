/** How names of subjects are compared and found. */
import { Buffer } from 'node:buffer';

/** By code points, as SQLite compares UTF-8. JavaScript's own order is that of UTF-16, in which 𝒵 comes before ﬁ. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The same for names that differ in case only: "Straße" and "STRASSE", "ΝΊΚΟΣ" and "Νίκος". */
export function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');
}
