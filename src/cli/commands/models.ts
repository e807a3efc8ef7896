/** models list, pull and verify: about files on this machine, so they need no server. */
import { stat } from 'node:fs/promises';
import type { Settings } from '../../contract/settings.ts';
import { type CatalogueEntry, loadCatalogue, neededGraphs, stagedModelsDir } from '../../models/catalogue.ts';
import { storeOptions, weightPath } from '../../models/store.ts';
import { verify } from '../../models/verify.ts';
import { usageError } from '../cli-error.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { formatBytes } from '../../util/format.ts';
import { printable, printJson, printLine } from '../io.ts';
import { type Selected, selectModels } from '../model-selection.ts';
import { pullAll } from '../pull.ts';
import { loadFor } from '../load-settings.ts';
import { printTable } from '../table.ts';

const ALL = { all: { type: 'boolean', help: 'every version of the catalogue, second opinions too' } } as const;
const WHICH = [
  'Without a name: what the configuration runs. A model is named as "recognizer" or "recognizer/omz-0095".',
];

export const modelsList: Command = {
  name: 'models list',
  words: '',
  summary: 'every model version with its licence, and whether its weights are here',
  options: {},
  async run(invocation) {
    const { io } = invocation;
    takeWords('models list', invocation.words, 0, 0, 'no word');
    const { settings } = loadFor(invocation);
    const { entries, problems } = await loadCatalogue(settings.store.models_dir, stagedModelsDir(settings));
    const models = await Promise.all(entries.map((entry) => describe(settings, entry)));
    if (invocation.flag('json')) printJson(io, { models });
    else {
      printTable(
        io,
        ['NAME', 'VERSION', 'ROLE', 'USED', 'SIZE', 'WEIGHTS', 'LICENCE', 'COMMERCIAL USE'].map((title) => ({
          title,
          ...(title === 'SIZE' ? { align: 'right' as const } : {}),
        })),
        models.map((m) => [
          m.name,
          m.version,
          m.role,
          m.used ? 'yes' : '-',
          formatBytes(m.bytes),
          weights(m.graphs),
          m.licence.spdx,
          m.licence.commercial ? 'yes' : 'no',
        ]),
      );
    }
    for (const { error } of problems) printLine(io.stderr, printable(`facepool: ${error.message}`));
    return problems.length === 0 ? EXIT.ok : EXIT.failure;
  },
};

type ListedGraph = {
  readonly graph: string;
  readonly file: string;
  readonly bytes: number;
  readonly here: boolean;
  /** By the settings: of a version that runs, all but second opinions that are switched off. */
  readonly needed: boolean;
};

async function describe(settings: Settings, { manifest }: CatalogueEntry) {
  const { cacheDir } = storeOptions(settings);
  const chosen = settings.models[manifest.name];
  const used = chosen?.enabled === true && chosen.version === manifest.version;
  const needed = used ? neededGraphs(manifest, chosen.opinions) : [];
  const graphs: ListedGraph[] = [];
  for (const graph of manifest.graphs) {
    const found = await stat(weightPath(cacheDir, graph)).catch(() => undefined);
    graphs.push({
      graph: graph.id,
      file: graph.file,
      bytes: graph.bytes,
      here: found?.size === graph.bytes,
      needed: needed.includes(graph),
    });
  }
  return {
    name: manifest.name,
    version: manifest.version,
    role: manifest.role,
    used,
    bytes: graphs.reduce((sum, { bytes }) => sum + bytes, 0),
    graphs,
    licence: manifest.licence,
  };
}

/** `here`, `missing: a.onnx`, `here; not needed: b.onnx`. */
function weights(graphs: readonly ListedGraph[]): string {
  const files = (needed: boolean): string =>
    graphs.flatMap((g) => (!g.here && g.needed === needed ? [g.file] : [])).join(', ');
  const [missing, spare] = [files(true), files(false)];
  const parts = [
    missing === '' && graphs.some(({ here }) => here) ? 'here' : '',
    missing === '' ? '' : `missing: ${missing}`,
    spare === '' ? '' : `not needed: ${spare}`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

export const modelsPull: Command = {
  name: 'models pull',
  words: '[models…]',
  summary: 'obtains weights: from mirror directories, then from upstream; checked by sha256',
  details: WHICH,
  options: ALL,
  async run(invocation) {
    const { io } = invocation;
    const json = invocation.flag('json');
    const { settings, selected } = await select(invocation);
    const results = await pullAll(settings, selected, json ? undefined : io.stderr);
    if (json) for (const result of results) printJson(io, result);
    else {
      const count = (...words: string[]): number => results.filter(({ status }) => words.includes(status)).length;
      const summary = `${count('copied', 'downloaded')} obtained, ${count('present')} here already`;
      printLine(io.stdout, `${summary}, ${count('failed')} could not be obtained`);
    }
    return results.some(({ status }) => status === 'failed') ? EXIT.failure : EXIT.ok;
  },
};

export const modelsVerify: Command = {
  name: 'models verify',
  words: '[models…]',
  summary: 'hashes the weights that are here again',
  details: WHICH,
  options: ALL,
  async run(invocation): Promise<ExitCode> {
    const { io } = invocation;
    const { settings, selected } = await select(invocation);
    const { cacheDir } = storeOptions(settings);
    const checks = await Promise.all(selected.map((chosen) => verifyOne(cacheDir, chosen)));
    const results = checks.flat();
    if (invocation.flag('json')) for (const result of results) printJson(io, result);
    else {
      printTable(
        io,
        [{ title: 'MODEL' }, { title: 'VERSION' }, { title: 'FILE' }, { title: 'STATUS' }, { title: 'DETAIL' }],
        results.map((r) => [r.model, r.version, r.file, r.status, r.detail]),
      );
    }
    return results.every(({ status }) => status === 'ok') ? EXIT.ok : EXIT.failure;
  },
};

async function verifyOne(cacheDir: string, { manifest, graphs }: Selected) {
  const results = await verify(manifest, cacheDir, graphs);
  return results.map((result) => ({ model: manifest.name, version: manifest.version, ...result }));
}

async function select(invocation: Invocation): Promise<{ settings: Settings; selected: Selected[] }> {
  const all = invocation.flag('all');
  if (all && invocation.words.length > 0) throw usageError('--all takes no names');
  const { settings } = loadFor(invocation);
  return { settings, selected: await selectModels(settings, invocation.words, all) };
}
