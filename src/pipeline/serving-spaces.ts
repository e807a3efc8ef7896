import type { Settings } from '../contract/settings.ts';
import type { ServingSpace } from '../gallery/mismatch.ts';
import type { Routers } from '../router/routers.ts';

/** What the recognizers that serve embed in; null for a model whose manifest cannot be read, which may be one. */
export function servingSpaces(settings: Pick<Settings, 'models'>, begin: Routers['begin']): ServingSpace[] {
  const session = begin('', 'stable');
  try {
    return Object.keys(settings.models).flatMap((name): ServingSpace[] => {
      if (settings.models[name]?.enabled !== true) return [];
      const manifest = manifestOf(session, name);
      if (manifest === undefined || manifest === null) return [null];
      return manifest.role === 'recognizer' ? [manifest.recognizer] : [];
    });
  } finally {
    session.end();
  }
}

function manifestOf(session: ReturnType<Routers['begin']>, name: string) {
  try {
    return session.model(name)?.manifest;
  } catch {
    return null;
  }
}
