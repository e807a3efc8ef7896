/** Files of a web page, read once: nothing but what was there at the start can be asked for. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Request, Response } from 'express';

export type StaticFile = { readonly type: string; readonly body: Buffer; readonly etag: string };

/** Files with another ending are not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** One file; null where its ending has no type here. */
export function readStatic(file: URL | string): StaticFile | null {
  const at = typeof file === 'string' ? file : fileURLToPath(file);
  const type = TYPES[path.extname(at)];
  if (type === undefined) return null;
  const body = readFileSync(at);
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Every file of a folder by its path in there, with `/`; empty where there is no such folder. */
export function readFolder(folder: URL): Map<string, StaticFile> {
  const root = fileURLToPath(folder);
  const files = new Map<string, StaticFile>();
  for (const name of globSync('**/*.*', { cwd: root })) {
    const file = readStatic(path.join(root, name));
    if (file !== null) files.set(name.split(path.sep).join('/'), file);
  }
  return files;
}

/** Answers GET and HEAD; 304 where the client has it already. */
export function sendStatic(req: Request, res: Response, file: StaticFile): void {
  res.setHeader('ETag', file.etag);
  // Kept, and asked for again: after an update nobody sees half of the old page.
  res.setHeader('Cache-Control', 'no-cache');
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  res.setHeader('Content-Type', file.type);
  res.setHeader('Content-Length', String(file.body.length));
  res.end(file.body);
}
