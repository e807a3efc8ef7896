/** Server-sent events over fetch: EventSource cannot send a header, and the key must not be in an address. */

/** @typedef {{ id: string, event: string, data: string }} Message */

/**
 * Cuts a text that comes in pieces into messages.
 * @param {(message: Message) => void} onMessage
 * @param {(id: string) => void} [onId] where the stream is: told for what has no data too
 * @returns {(piece: string) => void}
 */
export function createParser(onMessage, onId = () => {}) {
  let rest = '';
  let id = '';
  let event = '';
  /** @type {string[]} */
  let data = [];

  /** @param {string} line */
  const take = (line) => {
    if (line === '') {
      if (id !== '') onId(id);
      if (data.length > 0) onMessage({ id, event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  };

  return (piece) => {
    rest += piece;
    // A CR at the very end may be half of a CRLF.
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(rest);
      if (end === null) return;
      const line = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      take(line);
    }
  };
}

/**
 * Reads a body to its end.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {(message: Message) => void} onMessage
 * @param {(id: string) => void} onId
 */
export async function readMessages(body, onMessage, onId) {
  const parse = createParser(onMessage, onId);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parse(value);
  }
}
