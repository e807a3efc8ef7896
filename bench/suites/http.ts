/** `/detect` and `/recognize` of facepool and both peers, side by side: requests per second, latencies, processor time. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLoader } from '../client/loader.ts';
import type { Loader } from '../client/loader.ts';
import type { Upload } from '../client/request.ts';
import { groupCpuMs } from '../lib/cpu.ts';
import { DEFAULT_MODELS, importModel } from '../lib/graphs.ts';
import { interleave } from '../lib/order.ts';
import { makePictures } from '../lib/pictures.ts';
import type { Picture } from '../lib/pictures.ts';
import { percentile } from '../lib/stats.ts';
import { startFacepool } from '../servers/facepool.ts';
import { startPeer } from '../servers/peer.ts';
import type { Server } from '../servers/server.ts';
import { checkAnswers } from './http-check.ts';
import { httpTables } from './http-tables.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const MODELS = fileURLToPath(new URL('../../../shared/models/default', import.meta.url));

/** Two threads without spinning: the better setting of one and two for the tuned peer on two cores. */
const TUNED_THREADS = '2';

export type Round = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of all processes of the server per request. */
  readonly cpuMs: number;
  readonly requests: number;
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

function uploadOf(server: Server, upload: Upload): Upload {
  return server.name === 'naive' ? 'multipart' : upload;
}

async function measure(server: Server, loader: Loader, load: Load): Promise<void> {
  const { cell } = load;
  const cpuBefore = groupCpuMs(server.group);
  const report = await loader.load({
    port: server.port,
    path: `/${cell.route}`,
    picture: load.picture.path,
    upload: load.upload,
    clients: cell.clients,
    ms: load.ms,
  });
  const requests = report.latenciesMs.length;
  const round = {
    perSecond: requests / report.seconds,
    p50: percentile(report.latenciesMs, 0.5),
    p99: percentile(report.latenciesMs, 0.99),
    cpuMs: (groupCpuMs(server.group) - cpuBefore) / requests,
    requests,
  };
  (cell.rounds[server.name] ??= []).push(round);
  (cell.latenciesMs[server.name] ??= []).push(...report.latenciesMs);
}

/** Starts all servers, or none. */
async function startAll(context: SuiteContext): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    context.say('starting the naive peer, the tuned peer and facepool');
    const graphs = join(context.scratch, 'graphs');
    for (const [name, version] of DEFAULT_MODELS) await importModel(name, version, graphs);
    servers.push(await startPeer('naive', [MODELS]));
    const heap = context.options.plainHeap ? ['plain-heap'] : [];
    servers.push(await startPeer('tuned', [graphs, TUNED_THREADS, ...heap]));
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
          await measure(server, loader, { cell: warm, picture, upload, ms: ms / 4 });
        }
        for (const turn of interleave(servers, rounds)) {
          for (const server of turn) {
            await measure(server, loader, { cell, picture, upload: uploadOf(server, options.upload), ms });
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
    note: `${rounds} rounds of ${ms / 1000} s per variant and cell, taking turns (A B C, C B A, …). naive gets multipart, tuned and facepool ${options.upload} bodies.${options.plainHeap ? ' The tuned peer’s heap is collected as V8 likes.' : ''} Figures are medians over rounds, p99 is over all requests; in brackets the range of the ratio over rounds. CPU is processor time of all processes of the server per request.`,
    tables: httpTables(cells),
    raw: cells,
  };
}
