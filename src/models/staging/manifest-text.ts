/** The manifest of an upload: its text, or a file that lies on the server. */
import type { Settings } from '../../contract/settings.ts';
import { MAX_MANIFEST_BYTES } from '../manifest-file.ts';
import { invalid } from './refuse.ts';
import { openServerFile } from './server-file.ts';

/** `path` as of `UploadFile`. */
export type ManifestSource = string | { readonly path: string };

/** @throws FacepoolError `invalid_argument` with `param: manifest` */
export async function readManifestText(settings: Settings, source: ManifestSource): Promise<string> {
  if (typeof source === 'string') return bounded(source, Buffer.byteLength(source));
  const file = await openServerFile(settings, source.path, 'manifest');
  try {
    const { size } = await file.stat();
    return bounded(size > MAX_MANIFEST_BYTES ? '' : await file.readFile('utf8'), size);
  } finally {
    await file.close();
  }
}

function bounded(text: string, bytes: number): string {
  if (bytes <= MAX_MANIFEST_BYTES) return text;
  throw invalid('manifest', `the manifest has ${bytes} bytes; ${MAX_MANIFEST_BYTES} is the most`);
}
