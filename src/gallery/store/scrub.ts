/**
 * The unused middle of pages, overwritten. `secure_delete` clears what is deleted where it lies, but when SQLite balances
 * its trees it moves rows from page to page and leaves their old bytes in the gap between the cell pointers and the
 * cells. A row that is deleted later is then still to be read there (seen for 12 of 2,700 names). The gap means nothing to SQLite
 * (https://www.sqlite.org/fileformat2.html, 1.6), so zeros may be written there at any time, also by halves.
 *
 * Every page reaches the database through the log. So those in the log are all there is to look at.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** Interior and leaf pages of the trees of indexes and tables: their first byte, and the length of their header. */
const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [2, 12],
  [5, 12],
  [10, 8],
  [13, 8],
]);
/** Page 1 begins with the header of the file. */
const FILE_HEADER_BYTES = 100;
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/**
 * Overflow and free pages begin with the number of another page, whose first byte is 0 below this. Ours are of 8 KB:
 * 128 GB. There are no pointer maps (no auto_vacuum).
 */
const MOST_PAGES = 0x0100_0000;

/** The unused bytes of a page: from, to. Null where it has none, or is not a page of a tree. */
export function gapOf(page: Buffer, number: number): readonly [number, number] | null {
  const at = number === 1 ? FILE_HEADER_BYTES : 0;
  const header = HEADER_BYTES.get(page.readUInt8(at));
  if (header === undefined) return null;
  const begin = at + header + 2 * page.readUInt16BE(at + 3);
  const content = page.readUInt16BE(at + 5);
  const end = content === 0 ? 65_536 : content;
  return begin < end && end <= page.length ? [begin, end] : null;
}

/** Numbers of the pages in a log; those of an older round of it too, which does no harm. */
export function pagesInLog(log: string): number[] {
  const descriptor = openSync(log, 'r');
  try {
    const head = Buffer.alloc(LOG_HEADER_BYTES);
    if (readSync(descriptor, head, 0, head.length, 0) < head.length) return [];
    const frame = FRAME_HEADER_BYTES + head.readUInt32BE(8);
    const { size } = fstatSync(descriptor);
    const numbers = new Set<number>();
    const number = Buffer.alloc(4);
    for (let at = LOG_HEADER_BYTES; at + frame <= size; at += frame) {
      readSync(descriptor, number, 0, 4, at);
      numbers.add(number.readUInt32BE(0));
    }
    return [...numbers].filter((page) => page > 0).sort((a, b) => a - b);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Overwrites the gaps of these pages with zeros. The caller syncs.
 * @param descriptor of the database, open for reading and writing
 * @returns whether anything was written
 */
export function scrubPages(descriptor: number, pageBytes: number, pages: Iterable<number>): boolean {
  const page = Buffer.alloc(pageBytes);
  const zeros = Buffer.alloc(pageBytes);
  let isChanged = false;
  for (const number of pages) {
    if (number >= MOST_PAGES) continue;
    const at = (number - 1) * pageBytes;
    if (readSync(descriptor, page, 0, pageBytes, at) < pageBytes) continue;
    const gap = gapOf(page, number);
    if (gap === null) continue;
    const [begin, end] = gap;
    if (page.compare(zeros, 0, end - begin, begin, end) === 0) continue;
    writeSync(descriptor, zeros, 0, end - begin, at + begin);
    isChanged = true;
  }
  return isChanged;
}
