/**
 * Writes golden.json beside every manifest (or those named as <name>/<version>): the outputs of the original float
 * graphs for seeded pictures, with the preprocessing done in JavaScript. An imported graph that gives the same is
 * imported right. Run it with: node_modules/.bin/node scripts/make-golden.ts
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Golden, Manifest } from '../src/contract/manifest.ts';
import { loadCatalogue } from '../src/models/catalogue.ts';
import { obtainLocally } from '../src/models/pull.ts';
import { inspectVersion } from '../workers/onnx/inspect.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const store = { cacheDir: join(root, 'data/weights'), mirrors: [join(root, '../shared/models')], offline: true };

async function makeGolden(manifest: Manifest): Promise<Golden> {
  const sources: Record<string, string> = {};
  for (const graph of manifest.graphs) {
    const { path, problems } = await obtainLocally(graph, store);
    if (path === null) throw new Error(`${graph.file}: ${problems.join('; ')}`);
    sources[graph.id] = path;
  }
  return (await inspectVersion({ manifest, sources })).golden;
}

const wanted = process.argv.slice(2);
const { entries, problems } = await loadCatalogue(join(root, 'models'));
for (const { error } of problems) process.stderr.write(`${error.message}\n`);
for (const { name, version, dir, manifest } of entries) {
  if (wanted.length > 0 && !wanted.includes(`${name}/${version}`)) continue;
  const path = join(dir, manifest.golden.file);
  await writeFile(path, `${JSON.stringify(await makeGolden(manifest), null, 1)}\n`);
  process.stdout.write(`${path}\n`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
