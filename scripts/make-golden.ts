/**
 * Writes golden.json beside every manifest (or those named as <name>/<version>): the outputs of the original float
 * graphs for seeded pictures, with the preprocessing done in JavaScript. An imported graph that gives the same is
 * imported right. Run it with: node_modules/.bin/node scripts/make-golden.ts
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Golden, GraphSpec, Manifest } from '../src/contract/manifest.ts';
import { loadCatalogue } from '../src/models/catalogue.ts';
import { obtainLocally } from '../src/models/pull.ts';
import { seededBytes } from '../src/util/seeded.ts';
import { toFloatNchw } from '../workers/onnx/reference.ts';
import type { ImageShape } from '../workers/onnx/reference.ts';
import { RUNTIME, openSession } from '../workers/session.ts';

/** Height and width for detectors: small, multiples of 32, and unlike, so that swapping them would show. */
const DETECTOR_HEIGHT = 96;
const DETECTOR_WIDTH = 128;

const root = fileURLToPath(new URL('../', import.meta.url));
const store = { cacheDir: join(root, 'data/weights'), mirrors: [join(root, '../shared/models')], offline: true };

async function goldenOf(graph: GraphSpec, seed: number): Promise<Golden['graphs'][string]> {
  const { path, problems } = await obtainLocally(graph, store);
  if (path === null) throw new Error(`${graph.file}: ${problems.join('; ')}`);
  const height = graph.crop?.size ?? DETECTOR_HEIGHT;
  const width = graph.crop?.size ?? DETECTOR_WIDTH;
  const shape: ImageShape = [1, height, width, 3];
  const pixels = seededBytes(seed, height * width * 3);
  const session = await openSession(path, { threads: 1 });
  try {
    const data = toFloatNchw(pixels, shape, graph.input);
    const tensor = { type: 'float32', data, dims: [1, 3, height, width] } as const;
    const results = await session.run({ [graph.input.name]: tensor });
    const outputs: Golden['graphs'][string]['outputs'] = {};
    for (const name of graph.outputs) {
      const result = results[name];
      if (result === undefined) throw new Error(`${graph.file} has no output ${name}`);
      const bytes = Buffer.from(result.data.buffer, result.data.byteOffset, result.data.byteLength);
      outputs[name] = { dims: [...result.dims], data: bytes.toString('base64') };
    }
    return { seed, shape: [...shape], outputs };
  } finally {
    await session.release();
  }
}

async function makeGolden(manifest: Manifest): Promise<Golden> {
  const graphs: Golden['graphs'] = {};
  for (const [index, graph] of manifest.graphs.entries()) graphs[graph.id] = await goldenOf(graph, index + 1);
  return { schema: 1, made_with: `${RUNTIME}, CPU, ${process.platform} ${process.arch}`, graphs };
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
