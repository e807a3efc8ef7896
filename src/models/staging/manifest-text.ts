/** The manifest of an upload: its text, or a file that lies on the server. */
import type { Settings } from '../../contract/settings.ts';
import { hasMoreParts } from './parts.ts';
import { invalid } from './refuse.ts';
import { openServerFile } from './server-file.ts';

/** `path` as of `UploadFile`. */
export type ManifestSource = string | { readonly path: string };

/** Ten times what the manifests have that ship. */
const MOST_BYTES = 64 * 1024;
const MOST_PARTS = 2500;

/** @throws FacepoolError `invalid_argument` with `param: manifest` */
export async function readManifestText(settings: Settings, source: ManifestSource): Promise<string> {
  if (typeof source === 'string') return bounded(source, Buffer.byteLength(source));
  const file = await openServerFile(settings, source.path, 'manifest');
  try {
    const { size } = await file.stat();
    return bounded(size > MOST_BYTES ? '' : await file.readFile('utf8'), size);
  } finally {
    await file.close();
  }
}

function bounded(text: string, bytes: number): string {
  if (bytes > MOST_BYTES) throw invalid('manifest', `the manifest has ${bytes} bytes; ${MOST_BYTES} is the most`);
  if (hasMoreParts(text, MOST_PARTS))
    throw invalid('manifest', `the manifest has more than ${MOST_PARTS} lines and values`);
  return text;
}
