/** Looks for pictures, crops, embeddings and names in what a server has written. */

/** Bytes in a row that cannot be there by chance. */
const WINDOW = 18;
/** Places of each file that are looked for. */
const WINDOWS = 150;
/** So many figures of embeddings are no chance. */
const FIGURES = 8;

export type Secrets = {
  /** Files: pictures as they were sent, crops as they were answered. */
  readonly files: readonly Uint8Array[];
  readonly embeddings: readonly (readonly number[])[];
  /** Names of people, files, collections. */
  readonly words: readonly string[];
};

/** What of it the text has, one sentence each. */
export function leaksIn(text: string, secrets: Secrets): string[] {
  return [
    ...secrets.words.filter((word) => text.includes(word)).map((word) => `the word ${word}`),
    ...secrets.files.flatMap((file, i) => fileLeaks(text, file).map((how) => `file ${i} ${how}`)),
    ...secrets.embeddings.flatMap((embedding, i) => {
      const bytes = Buffer.from(Float32Array.from(embedding).buffer);
      return [...figureLeaks(text, embedding), ...fileLeaks(text, bytes)].map((how) => `embedding ${i} ${how}`);
    }),
  ];
}

function fileLeaks(text: string, file: Uint8Array): string[] {
  const bytes = Buffer.from(file);
  const step = Math.max(1, Math.floor((bytes.length - WINDOW) / WINDOWS));
  const forms = new Set<string>();
  for (let at = 0; at + WINDOW <= bytes.length; at += step) {
    const window = bytes.subarray(at, at + WINDOW);
    // Runs of one byte (padding) are in every file.
    if (new Set(window).size < 4) continue;
    if (text.includes(window.toString('hex'))) forms.add('as hex');
    if (text.includes(window.toString('latin1'))) forms.add('as bytes');
    if (text.includes(window.join(','))) forms.add('as numbers');
    for (const encoding of ['base64', 'base64url'] as const) {
      // Of the three ways in which base64 may fall on these bytes; its ends depend on what is beside them.
      for (const shift of [0, 1, 2]) {
        const padded = Buffer.concat([Buffer.alloc(shift), window]).toString(encoding);
        if (text.includes(padded.slice(4, 22))) forms.add(`as ${encoding}`);
      }
    }
  }
  return [...forms];
}

/** Figures that are written with six digits at least; shorter ones may be a duration. */
function figureLeaks(text: string, embedding: readonly number[]): string[] {
  const written = new Set((text.match(/-?\d+\.\d{4,}(?:e-?\d+)?/g) ?? []).map((figure) => Number(figure).toFixed(4)));
  const found = embedding.filter((figure) => written.has(figure.toFixed(4)));
  return found.length >= FIGURES ? [`in ${found.length} figures`] : [];
}
