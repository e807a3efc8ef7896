import type { Settings } from '../contract/settings.ts';
import type { NamedRouter } from '../router/routers.ts';

/** Gives the numbers of an embedding of a space, as the recognizers that serve tell; undefined where none makes it. */
export function embeddingLength(
  settings: Pick<Settings, 'models'>,
  modelOf: (name: string) => Pick<NamedRouter, 'manifest'> | undefined,
): (space: string) => number | undefined {
  return (space) => {
    for (const [name, { enabled }] of Object.entries(settings.models)) {
      if (!enabled) continue;
      const manifest = manifestOf(modelOf, name);
      if (manifest?.role === 'recognizer' && manifest.recognizer.space === space) return manifest.recognizer.dim;
    }
    return undefined;
  };
}

/** A model whose manifest cannot be read makes no embeddings. */
function manifestOf(modelOf: Parameters<typeof embeddingLength>[1], name: string) {
  try {
    return modelOf(name)?.manifest;
  } catch {
    return undefined;
  }
}
