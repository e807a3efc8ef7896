/** The least HTTP/1.1 parser a load generator needs: status, Content-Length, the body when it is asked for. */

const HEAD_END = Buffer.from('\r\n\r\n');

export type Response = { readonly status: number; readonly body: Buffer };

/** Feeds on chunks of one keep-alive connection and calls back once per complete response. */
export class ResponseReader {
  readonly #onResponse: (response: Response) => void;
  #pending: Buffer = Buffer.alloc(0);

  constructor(onResponse: (response: Response) => void) {
    this.#onResponse = onResponse;
  }

  /** Throws on an answer without Content-Length. */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const headEnd = this.#pending.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const head = this.#pending.toString('latin1', 0, headEnd);
      const length = /^content-length: *(\d+)/im.exec(head)?.[1];
      if (length === undefined) throw new Error(`answer without Content-Length: ${head.slice(0, 200)}`);
      const end = headEnd + HEAD_END.length + Number(length);
      if (this.#pending.length < end) return;
      const body = this.#pending.subarray(headEnd + HEAD_END.length, end);
      this.#pending = this.#pending.subarray(end);
      this.#onResponse({ status: Number(head.slice(9, 12)), body });
    }
  }
}
