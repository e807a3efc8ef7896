import type { Settings } from '../contract/settings.ts';
import type { Routers } from '../router/routers.ts';

/** Numbers of an embedding of a space, as the recognizers that serve tell; undefined where none of them makes it. */
export function embeddingLength(
  settings: Pick<Settings, 'models'>,
  begin: Routers['begin'],
  space: string,
): number | undefined {
  const session = begin('', 'stable');
  try {
    for (const name of Object.keys(settings.models)) {
      const manifest = manifestOf(session, name);
      if (manifest?.role === 'recognizer' && manifest.recognizer.space === space) return manifest.recognizer.dim;
    }
    return undefined;
  } finally {
    session.end();
  }
}

/** A model whose manifest cannot be read makes no embeddings. */
function manifestOf(session: ReturnType<Routers['begin']>, name: string) {
  try {
    return session.model(name)?.manifest;
  } catch {
    return undefined;
  }
}
