/** `/detect` and `/recognize` of facepool and its peers, side by side: requests per second, latencies, processor time. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLoader } from '../client/loader.ts';
import type { Loader } from '../client/loader.ts';
import type { Upload } from '../client/request.ts';
import { groupCpuMs } from '../lib/cpu.ts';
import { DEFAULT_MODELS, importModel, prependOnly } from '../lib/graphs.ts';
import { interleave } from '../lib/order.ts';
import { makePictures } from '../lib/pictures.ts';
import type { Picture } from '../lib/pictures.ts';
import { percentile } from '../lib/stats.ts';
import { quietest, quietness, watchStrangers } from '../lib/strangers.ts';
import { startFacepool } from '../servers/facepool.ts';
import { startPeer } from '../servers/peer.ts';
import type { Server } from '../servers/server.ts';
import { checkAnswers } from './http-check.ts';
import { httpTables } from './http-tables.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const MODELS = fileURLToPath(new URL('../../../shared/models/default', import.meta.url));

/** Two threads without spinning: the better setting of one and two for a server of one process on two cores. */
const THREADS = '2';

export type Round = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of all processes of the server per request. */
  readonly cpuMs: number;
  readonly requests: number;
  /** Part of the processors that was with neither a server nor this program. */
  readonly strangers: number;
};
export type Cell = {
  readonly route: 'detect' | 'recognize';
  readonly picture: string;
  readonly megapixels: number;
  readonly clients: number;
  readonly rounds: Record<string, Round[]>;
  /** All latencies of all rounds, for a p99 that means something. */
  readonly latenciesMs: Record<string, number[]>;
};

type Load = { readonly cell: Cell; readonly picture: Picture; readonly upload: Upload; readonly ms: number };

/** Which cells are measured: the face at every size and number of clients; the group and `quick` only at 4 clients. */
function plan(pictures: readonly Picture[], quick: boolean): { picture: Picture; clients: number }[] {
  const out: { picture: Picture; clients: number }[] = [];
  for (const picture of pictures) {
    if (picture.name === 'group') {
      if (!quick && picture.megapixels === 1) out.push({ picture, clients: 4 });
      continue;
    }
    for (const clients of quick ? [4] : [1, 4, 16]) out.push({ picture, clients });
  }
  return out;
}

/** The cells that have an aim are measured more often: on this machine three rounds say little. */
const AIM_TIMES = 4;

function hasAim({ picture, megapixels, clients }: Cell): boolean {
  return picture === 'face' && megapixels === 1 && clients === 4;
}

function uploadOf(server: Server, upload: Upload): Upload {
  return server.name === 'naive' ? 'multipart' : upload;
}

type Measured = Round & { readonly latenciesMs: readonly number[] };

/** @param groups of all servers */
async function measure(server: Server, loader: Loader, load: Load, groups: readonly number[]): Promise<Measured> {
  const { cell } = load;
  const watched = watchStrangers(groups);
  const cpuBefore = groupCpuMs(server.group);
  const report = await loader.load({
    port: server.port,
    path: `/${cell.route}`,
    picture: load.picture.path,
    upload: load.upload,
    clients: cell.clients,
    ms: load.ms,
  });
  const strangers = watched();
  const { latenciesMs, seconds } = report;
  const requests = latenciesMs.length;
  return {
    perSecond: requests / seconds,
    p50: percentile(latenciesMs, 0.5),
    p99: percentile(latenciesMs, 0.99),
    cpuMs: (groupCpuMs(server.group) - cpuBefore) / requests,
    requests,
    strangers,
    latenciesMs,
  };
}

/** Starts all servers, or none. */
async function startAll(context: SuiteContext): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    context.say('starting the peers and facepool');
    const graphs = join(context.scratch, 'graphs');
    const recipeGraphs = join(context.scratch, 'recipe-graphs');
    for (const [name, version] of DEFAULT_MODELS) {
      await importModel(name, version, graphs);
      await prependOnly(name, version, recipeGraphs);
    }
    servers.push(await startPeer('naive', [MODELS]));
    servers.push(await startPeer('recipe', [recipeGraphs, THREADS]));
    servers.push(await startPeer('tuned', [graphs, THREADS]));
    servers.push(await startFacepool(join(context.scratch, 'http-data')));
    return servers;
  } catch (error) {
    for (const server of servers) await server.stop();
    throw error;
  }
}

export async function httpSuite(context: SuiteContext): Promise<SuiteResult> {
  const { options, say } = context;
  const rounds = options.rounds ?? (options.quick ? 2 : 6);
  const ms = options.quick ? 1000 : 2000;
  const pictures = await makePictures(context.scratch, [1, 12]);
  const servers = await startAll(context);
  const loader = startLoader();
  const groups = servers.map((server) => server.group);
  const cells: Cell[] = [];
  try {
    await checkAnswers(servers, pictures, uploadOf, options.upload);
    for (const route of ['detect', 'recognize'] as const) {
      for (const { picture, clients } of plan(pictures, options.quick)) {
        const { name, megapixels } = picture;
        const cell: Cell = { route, picture: name, megapixels, clients, rounds: {}, latenciesMs: {} };
        cells.push(cell);
        say(`/${route}, ${name}, ${megapixels} megapixels, ${clients} clients`);
        const warm: Cell = { ...cell, rounds: {}, latenciesMs: {} };
        for (const server of servers) {
          const upload = uploadOf(server, options.upload);
          await measure(server, loader, { cell: warm, picture, upload, ms: ms / 4 }, groups);
        }
        for (const turn of interleave(servers, hasAim(cell) ? AIM_TIMES * rounds : rounds)) {
          for (const server of turn) {
            const load = { cell, picture, upload: uploadOf(server, options.upload), ms };
            const { latenciesMs, ...round } = await quietest(() => measure(server, loader, load, groups));
            (cell.rounds[server.name] ??= []).push(round);
            (cell.latenciesMs[server.name] ??= []).push(...latenciesMs);
          }
        }
      }
    }
  } finally {
    loader.stop();
    for (const server of servers) await server.stop();
  }
  return {
    title: 'HTTP',
    note: `${rounds} rounds of ${ms / 1000} s per variant and cell (${AIM_TIMES * rounds} where there is an aim: the face of 1 MP at 4 clients), taking turns (A B C, C B A, …). naive gets multipart, the others ${options.upload} bodies. Figures are medians over rounds, p99 is over all requests; in brackets the range of the ratio over rounds. CPU is processor time of all processes of the server per request. ${quietness(cells.flatMap((cell) => Object.values(cell.rounds).flat()))}`,
    tables: httpTables(cells),
    raw: cells,
  };
}
