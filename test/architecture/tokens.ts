/** A small scanner for TypeScript: words, strings and punctuation with their lines; comments and regular expressions fall away. */

export type Token = { readonly kind: 'word' | 'string' | 'punct'; readonly text: string; readonly line: number };

/** After one of these a `/` begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /^(?:[([{},;:=!&|?+\-*%<>~^]|return|typeof|case|in|of|void|yield|await|=>)$/;
const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$]*|\d[\w.]*/uy;

/**
 * @returns the tokens in order. A string's text is its content; of a template only the part before the first `${`, followed by the
 *   tokens of its expressions.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  /** Open braces: `template` for `${`, whose `}` continues the template. */
  const braces: ('block' | 'template')[] = [];

  const push = (kind: Token['kind'], text: string): void => void tokens.push({ kind, text, line });
  const skipTo = (end: number): void => {
    for (; at < end; at++) if (source[at] === '\n') line++;
  };
  const template = (from: number, isStart: boolean): void => {
    let end = from;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1;
    if (isStart) push('string', source.slice(from, end));
    const isOpen = source.startsWith('${', end);
    if (isOpen) braces.push('template');
    skipTo(end + (isOpen ? 2 : 1));
  };

  while (at < source.length) {
    const char = source[at] ?? '';
    if (source.startsWith('//', at)) skipTo(indexOr(source, '\n', at));
    else if (source.startsWith('/*', at)) skipTo(indexOr(source, '*/', at) + 2);
    else if (/\s/.test(char)) skipTo(at + 1);
    else if (char === '"' || char === "'") {
      const end = endOfQuoted(source, at, char);
      push('string', source.slice(at + 1, end - 1));
      skipTo(end);
    } else if (char === '`') template(at + 1, true);
    else if (char === '/' && BEFORE_REGEX.test(tokens.at(-1)?.text ?? ';') && tokens.at(-1)?.kind !== 'string')
      skipTo(endOfRegex(source, at));
    else if (char === '}' && braces.pop() === 'template') template(at + 1, false);
    else {
      WORD.lastIndex = at;
      const word = WORD.exec(source)?.[0];
      if (char === '{') braces.push('block');
      push(word === undefined ? 'punct' : 'word', word ?? char);
      skipTo(at + (word ?? char).length);
    }
  }
  return tokens;
}

function indexOr(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index < 0 ? source.length : index;
}

/** Index after the closing quote. */
function endOfQuoted(source: string, from: number, quote: string): number {
  let end = from + 1;
  while (end < source.length && source[end] !== quote) end += source[end] === '\\' ? 2 : 1;
  return end + 1;
}

/** Index after the closing slash; a slash in a character class does not close. */
function endOfRegex(source: string, from: number): number {
  let inClass = false;
  let end = from + 1;
  for (; end < source.length && (inClass || source[end] !== '/'); end++) {
    if (source[end] === '\\') end++;
    else if (source[end] === '[') inClass = true;
    else if (source[end] === ']') inClass = false;
  }
  return end + 1;
}
