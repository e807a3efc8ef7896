/** What an import tells at its end, and the file that it writes as it goes. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { formatSeconds } from '../../util/format.ts';
import { cut, type FitColumn, fitTable } from '../fit.ts';
import { type Io, printable } from '../io.ts';
import { countText, peopleText } from '../people-view.ts';
import type { Cell } from '../table.ts';
import { cannotWrite } from '../private-output.ts';
import type { Skipped } from './folder.ts';
import type { Outcome } from './outcome.ts';
import type { Tally } from './tally.ts';

const MOST_NAMES = 20;
/** PICTURES and PEOPLE, with the blanks before them and after. */
const FIGURES_WIDTH = 20;

const COLUMNS: readonly FitColumn[] = [
  { title: 'REASON', spare: 0 },
  { title: 'PICTURES', align: 'right', spare: 0 },
  { title: 'PEOPLE', align: 'right', spare: 0 },
  { title: 'FOR EXAMPLE', spare: 1 },
];

/** Why pictures were refused, the most frequent first; no line where none was. */
export function reasonLines(io: Io, tally: Tally, width: number): string[] {
  const reasons = [...tally.reasons.values()].toSorted((a, b) => b.pictures - a.pictures);
  if (reasons.length === 0) return [];
  const codeWidth = Math.max(6, ...reasons.map(({ code }) => code.length));
  const rows = reasons.map(({ code, pictures, people, example }): Cell[] => [
    code,
    pictures,
    people.size,
    cut(printable(`${example.file}: ${example.detail}`), Math.max(20, width - codeWidth - FIGURES_WIDTH)),
  ]);
  return [...fitTable(io, COLUMNS, rows, width), ''];
}

/** @param verb what was done to pictures that are new: `enrolled`, or `to enrol` */
export function summaryLines(tally: Tally, skipped: Skipped, ms: number, isDry: boolean): string[] {
  const { counts, nobody, withoutPicture, warnings } = tally;
  const news = isDry ? `${counts.new} would be sent` : `${counts.enrolled} enrolled`;
  const figures = [
    `${countText(tally.pictures, 'picture')} of ${peopleText(tally.people)}: ${news}`,
    `${counts.present} there already`,
    `${counts.refused} refused`,
    ...(counts.failed === 0 ? [] : [`${counts.failed} failed`]),
    ...(tally.done === tally.pictures ? [] : [`${tally.pictures - tally.done} not looked at`]),
  ];
  const warned = [...warnings].map(([code, count]) => `${code} (${count})`);
  const left = [
    [skipped.hidden, 'hidden file'],
    [skipped.notPictures, 'other file'],
    [skipped.links, 'link out of the folder', 'links out of the folder'],
    [skipped.loose, 'file in nobody’s folder', 'files in nobody’s folder'],
  ] as const;
  const skips = left.flatMap(([count, one, more]) => (count === 0 ? [] : [countText(count, one, more)]));
  return [
    `${figures.join(', ')} (${formatSeconds(ms / 1000)})`,
    ...(warned.length === 0 ? [] : [`enrolled all the same: ${warned.join(', ')}`]),
    ...(skips.length === 0 ? [] : [`left out: ${skips.join(', ')}`]),
    ...(withoutPicture.length === 0 ? [] : [`no picture of ${names(withoutPicture)}`]),
    ...(nobody.length === 0 ? [] : [`not one picture was taken of ${names(nobody)}`]),
  ].map(printable);
}

function names(all: readonly string[]): string {
  const more = all.length - MOST_NAMES;
  const shown = all.slice(0, MOST_NAMES).join(', ');
  return `${peopleText(all.length)}: ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The same as one document for programs. */
export function summaryDocument(tally: Tally, skipped: Skipped, isWhole: boolean): object {
  const reasons = [...tally.reasons.values()].map(({ code, pictures, people }) => [
    code,
    { pictures, people: people.size },
  ]);
  return {
    summary: {
      complete: isWhole,
      people: tally.people,
      pictures: tally.pictures,
      ...tally.counts,
      reasons: Object.fromEntries(reasons),
      warnings: Object.fromEntries(tally.warnings),
      skipped,
      without_picture: tally.withoutPicture,
      nobody: tally.nobody,
    },
  };
}

export type ReportFile = { readonly add: (outcome: Outcome) => void; readonly close: () => void };

/** A CSV (RFC 4180), a line for each picture when it is done. It has names in it: its owner's only. */
export function openReport(file: string, shown: string): ReportFile {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'w', 0o600);
  } catch (error) {
    throw cannotWrite(shown, error);
  }
  const write = (cells: readonly string[]): void => void writeSync(descriptor, `${cells.map(quoted).join(',')}\r\n`);
  write(['person', 'file', 'result', 'code', 'detail']);
  return {
    add: ({ person, file: picture, result, code, detail }) => write([person, picture, result, code, detail]),
    close: () => closeSync(descriptor),
  };
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
