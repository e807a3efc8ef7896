/** Reads a request body into one buffer: the fast path, without any parser. */
import type { IncomingMessage } from 'node:http';
import type { FacepoolError } from '../../contract/errors.ts';
import { CLIENT_GONE } from '../deadline.ts';
import type { UploadLease } from './upload-memory.ts';

export type CollectOptions = {
  readonly maxBytes: number;
  /** Made when the body is longer than `maxBytes`, before the rest of it is read. */
  readonly tooLarge: () => FacepoolError;
  /** Room for a body of unknown length, taken as its chunks come; for any other the caller has taken it. */
  readonly lease: UploadLease;
  readonly signal: AbortSignal;
};

/** `Content-Length`, or undefined for a chunked body. Node's parser has already refused malformed ones. */
export function contentLength(req: IncomingMessage): number | undefined {
  const header = req.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

/**
 * The whole body. With a `Content-Length` its buffer is allocated once and filled in place.
 * @throws FacepoolError what `tooLarge` makes, `queue_full` where there is no room, or the signal's reason
 */
export function collectBody(req: IncomingMessage, options: CollectOptions): Promise<Buffer> {
  const length = contentLength(req);
  if (length !== undefined && length > options.maxBytes) return Promise.reject(options.tooLarge());
  if (options.signal.aborted) return Promise.reject(options.signal.reason);

  return new Promise((resolve, reject) => {
    const sink = length === undefined ? growingSink(options.lease) : fixedSink(length);
    let received = 0;
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received > options.maxBytes) {
        settle(() => reject(options.tooLarge()));
        return;
      }
      try {
        sink.write(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => resolve(sink.finish()));
    const onGone = () => settle(() => reject(CLIENT_GONE));
    const onAbort = () => settle(() => reject(options.signal.reason));
    const settle = (outcome: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      options.signal.removeEventListener('abort', onAbort);
      outcome();
    };

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

function growingSink(lease: UploadLease): Sink {
  const chunks: Buffer[] = [];
  return {
    write(chunk) {
      lease.grow(chunk.length);
      chunks.push(chunk);
    },
    finish: () => Buffer.concat(chunks),
  };
}
