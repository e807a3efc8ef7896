/** What a TypeScript file imports and exports, read from its tokens. */
import type { Token } from './tokens.ts';

export type ImportKind = 'import' | 'export' | 'dynamic';
/** `specifier` is null for an `import()` whose target is computed; of a template it is the part before the first `${`. */
export type Import = { readonly kind: ImportKind; readonly specifier: string | null; readonly line: number };

/** Every import, re-export and `import()` of a file, type-only ones too. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  tokens.forEach((token, i) => {
    if (token.kind !== 'word' || isProperty(tokens, i)) return;
    if (token.text === 'import') addIfImport(tokens, i, found);
    else if (token.text === 'export') {
      const specifier = reExported(tokens, i);
      if (specifier !== undefined) found.push({ kind: 'export', specifier, line: token.line });
    } else if (token.text === 'require' && tokens[i + 1]?.text === '(' && tokens[i + 2]?.kind === 'string') {
      found.push({ kind: 'dynamic', specifier: tokens[i + 2]?.text ?? null, line: token.line });
    }
  });
  return found;
}

/** Lines of statements that do something: without blank lines, comments, imports and type declarations. */
export function logicLines(tokens: readonly Token[]): number {
  const lines = new Set<number>();
  for (let i = 0; i < tokens.length; i++) {
    const isStatement = depthless(tokens, i);
    if (isStatement && tokens[i]?.text === 'import' && tokens[i + 1]?.text !== '(') i = endOfStatement(tokens, i);
    else if (isStatement && isTypeDeclaration(tokens, i)) i = endOfStatement(tokens, i);
    else lines.add(tokens[i]?.line ?? 0);
  }
  return lines.size;
}

/** Names of things the style forbids that the file has: `enum`, `namespace`, default exports. */
export function forbiddenSyntax(tokens: readonly Token[]): { readonly what: string; readonly line: number }[] {
  return tokens.flatMap((token, i) => {
    const next = tokens[i + 1];
    if (token.kind !== 'word' || isProperty(tokens, i)) return [];
    if (token.text === 'export' && (next?.text === 'default' || next?.text === '='))
      return [{ what: 'default export', line: token.line }];
    const declares = next?.kind === 'word' && tokens[i + 2]?.text === '{';
    if (declares && ['enum', 'namespace', 'module'].includes(token.text))
      return [{ what: token.text, line: token.line }];
    return [];
  });
}

function addIfImport(tokens: readonly Token[], i: number, found: Import[]): void {
  const next = tokens[i + 1];
  const line = tokens[i]?.line ?? 0;
  if (next?.text === '.' && next.kind === 'punct') return; // import.meta
  if (next?.kind === 'string') found.push({ kind: 'import', specifier: next.text, line });
  else if (next?.text === '(') found.push({ kind: 'dynamic', specifier: argument(tokens, i + 2), line });
  else {
    const from = tokens.findIndex((token, j) => j > i && token.text === 'from' && tokens[j + 1]?.kind === 'string');
    const specifier = tokens[from + 1]?.text;
    if (from >= 0 && specifier !== undefined) found.push({ kind: 'import', specifier, line });
  }
}

/** The target of `import(…)`: a string, or the first argument of `new URL('…', import.meta.url)`. */
function argument(tokens: readonly Token[], first: number): string | null {
  const [token, next, bracket, url] = tokens.slice(first, first + 4);
  if (token?.kind === 'string') return token.text;
  const isUrl = token?.text === 'new' && next?.text === 'URL' && bracket?.text === '(' && url?.kind === 'string';
  return isUrl ? (url?.text ?? null) : null;
}

function reExported(tokens: readonly Token[], i: number): string | undefined {
  let at = i + (tokens[i + 1]?.text === 'type' ? 2 : 1);
  if (tokens[at]?.text === '{') at = tokens.findIndex((token, j) => j > at && token.text === '}') + 1;
  else if (tokens[at]?.text === '*') at += tokens[at + 1]?.text === 'as' ? 3 : 1;
  else return undefined;
  return tokens[at]?.text === 'from' && tokens[at + 1]?.kind === 'string' ? tokens[at + 1]?.text : undefined;
}

/** `a.import`, `{ import: 1 }`: a name, not the keyword. */
function isProperty(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return (before?.kind === 'punct' && before.text === '.') || tokens[i + 1]?.text === ':';
}

/** Whether token `i` begins a statement at the top of the file. */
function depthless(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return before === undefined || before.text === ';' || before.text === '}' || before.line < (tokens[i]?.line ?? 0);
}

function isTypeDeclaration(tokens: readonly Token[], i: number): boolean {
  const at = tokens[i]?.text === 'export' ? i + 1 : i;
  const word = tokens[at]?.text;
  return (word === 'type' || word === 'interface') && tokens[at + 1]?.kind === 'word';
}

/** Index of the last token of the statement that begins at `i`: its `;`, or the `}` of an interface. */
function endOfStatement(tokens: readonly Token[], i: number): number {
  const isInterface = tokens[i]?.text === 'interface' || tokens[i + 1]?.text === 'interface';
  let depth = 0;
  for (let j = i; j < tokens.length; j++) {
    const token = tokens[j];
    if (token?.kind !== 'punct') continue;
    if ('([{'.includes(token.text)) depth++;
    if (')]}'.includes(token.text)) depth--;
    if (depth === 0 && (token.text === ';' || (isInterface && token.text === '}'))) return j;
  }
  return tokens.length - 1;
}
