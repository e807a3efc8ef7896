/** Strict base64 (RFC 4648 §4): one alphabet, padding needed, no blanks. */

const DATA_URL = /^data:[^,]{0,200};base64,/;

/** Bytes of a base64 text with or without a `data:…;base64,` prefix; null when it is not strict base64. */
export function decodeBase64(text: string): Buffer | null {
  const prefix = text.startsWith('data:') ? DATA_URL.exec(text)?.[0] : '';
  if (prefix === undefined) return null;
  const body = prefix === '' ? text : text.slice(prefix.length);
  if (body.length % 4 !== 0) return null;
  // Node skips what it does not know and takes the URL alphabet too, so both are looked for.
  if (body.includes('-') || body.includes('_')) return null;
  const bytes = Buffer.from(body, 'base64');
  return bytes.length === decodedLength(body) ? bytes : null;
}

/** Length in bytes of what a well-formed base64 text holds. */
export function decodedLength(body: string): number {
  const padding = body.endsWith('==') ? 2 : body.endsWith('=') ? 1 : 0;
  return (body.length / 4) * 3 - padding;
}
