/** Replaces one marked region of a Markdown file and leaves the rest to its authors. */

function marks(region: string): { begin: string; end: string } {
  return { begin: `<!-- bench:${region} begin -->`, end: `<!-- bench:${region} end -->` };
}

/** The document with `body` in `region`; a region that is not there yet is added at the end. */
export function replaceRegion(document: string, region: string, body: string): string {
  const { begin, end } = marks(region);
  const block = `${begin}\n\n${body.trim()}\n\n${end}`;
  const from = document.indexOf(begin);
  if (from === -1) return `${document.trimEnd()}${document.trim() === '' ? '' : '\n\n'}${block}\n`;
  const to = document.indexOf(end, from);
  if (to === -1) throw new Error(`region ${region} begins but does not end`);
  return document.slice(0, from) + block + document.slice(to + end.length);
}
