/** Reads a request body into one buffer: the fast path, without any parser. */
import type { IncomingMessage } from 'node:http';
import type { FacepoolError } from '../../contract/errors.ts';
import { CLIENT_GONE } from '../deadline.ts';

export type CollectOptions = {
  readonly maxBytes: number;
  /** Made when the body is longer than `maxBytes`, before the rest of it is read. */
  readonly tooLarge: () => FacepoolError;
  readonly signal: AbortSignal;
};

/** `Content-Length`, or undefined for a chunked body. Node's parser has already refused malformed ones. */
export function contentLength(req: IncomingMessage): number | undefined {
  const header = req.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

/**
 * The whole body. With a `Content-Length` its buffer is allocated once and filled in place.
 * @throws FacepoolError what `tooLarge` makes, or the signal's reason
 */
export function collectBody(req: IncomingMessage, options: CollectOptions): Promise<Buffer> {
  const length = contentLength(req);
  if (length !== undefined && length > options.maxBytes) return Promise.reject(options.tooLarge());
  const sink = length === undefined ? growingSink() : fixedSink(length);

  return new Promise((resolve, reject) => {
    let received = 0;
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received > options.maxBytes) settle(() => reject(options.tooLarge()));
      else sink.write(chunk);
    };
    const onEnd = () => settle(() => resolve(sink.finish()));
    const onGone = () => settle(() => reject(CLIENT_GONE));
    const onAbort = () => settle(() => reject(options.signal.reason));
    const settle = (outcome: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      options.signal.removeEventListener('abort', onAbort);
      outcome();
    };

    if (options.signal.aborted) {
      reject(options.signal.reason);
      return;
    }
    options.signal.addEventListener('abort', onAbort, { once: true });
    req.on('error', onGone).on('close', onGone).on('end', onEnd).on('data', onData);
  });
}

type Sink = { write(chunk: Buffer): void; finish(): Buffer };

function fixedSink(length: number): Sink {
  const buffer = Buffer.allocUnsafeSlow(length);
  let at = 0;
  return {
    write(chunk) {
      at += chunk.copy(buffer, at);
    },
    finish: () => buffer.subarray(0, at),
  };
}

function growingSink(): Sink {
  const chunks: Buffer[] = [];
  return { write: (chunk) => void chunks.push(chunk), finish: () => Buffer.concat(chunks) };
}
