/** One request as bytes, made once and sent many times. */
import { randomBytes } from 'node:crypto';

export type Upload = 'raw' | 'multipart';

/** `path` with its query; the picture as the raw body or as field `file` of a form. */
export function encodeRequest(path: string, picture: Uint8Array, upload: Upload): Buffer {
  const boundary = `bench-${randomBytes(12).toString('hex')}`;
  const body =
    upload === 'raw'
      ? Buffer.from(picture)
      : Buffer.concat([
          Buffer.from(
            `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
          ),
          picture,
          Buffer.from(`\r\n--${boundary}--\r\n`),
        ]);
  const type = upload === 'raw' ? 'image/jpeg' : `multipart/form-data; boundary=${boundary}`;
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
