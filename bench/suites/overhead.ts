/**
 * What watching costs: `/detect` of a server with monitor, history and a scrape every second against one without, side by
 * side; and the calls of metrics, which no setting turns off, by themselves.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLoader } from '../client/loader.ts';
import type { Loader } from '../client/loader.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { groupCpuMs } from '../lib/cpu.ts';
import { callsOf, parseExposition, timeCalls } from '../lib/metric-calls.ts';
import { interleave } from '../lib/order.ts';
import { makePictures } from '../lib/pictures.ts';
import type { Picture } from '../lib/pictures.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import { figure, ranged } from '../lib/table.ts';
import { startFacepool } from '../servers/facepool.ts';
import type { Server } from '../servers/server.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const CLIENTS = 4;
/** As often as a watchful Prometheus. */
const SCRAPE_MS = 1000;
const OFF = { FACEPOOL_MONITOR_ENABLED: 'false', FACEPOOL_HISTORY_ENABLED: 'false' };
/** Requests from which calls per request are counted. */
const COUNTED = 50;
const SCRAPES = 20;
/** Metrics that requests move. */
const OF_REQUESTS =
  /^facepool_(?:requests_total|request_duration|stage_duration|inference|inferences|queue_wait|faces_total|cold_starts)/;

type Variant = 'watched' | 'unwatched';
type Round = { readonly perSecond: number; readonly p50: number; readonly cpuMs: number };

async function scrape(server: Server): Promise<string> {
  return (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
}

async function measure(server: Server, loader: Loader, picture: Picture, ms: number, scraped: boolean): Promise<Round> {
  let scrapes: Promise<unknown> = Promise.resolve();
  let failed: unknown = null;
  const next = (): void => {
    scrapes = scrape(server).catch((error: unknown) => {
      failed = error;
    });
  };
  const timer = scraped ? setInterval(next, SCRAPE_MS) : undefined;
  const cpuBefore = groupCpuMs(server.group);
  try {
    const { latenciesMs, seconds } = await loader.load({
      port: server.port,
      path: '/detect',
      picture: picture.path,
      upload: 'raw',
      clients: CLIENTS,
      ms,
    });
    if (failed !== null) throw new Error('a scrape failed', { cause: failed });
    const requests = latenciesMs.length;
    const cpuMs = (groupCpuMs(server.group) - cpuBefore) / requests;
    return { perSecond: requests / seconds, p50: percentile(latenciesMs, 0.5), cpuMs };
  } finally {
    clearInterval(timer);
    await scrapes;
  }
}

/** Calls of one `/detect`, from the server's own totals, and what they take on a registry of our own. */
async function callsOfOneRequest(server: Server, picture: Picture, quick: boolean) {
  const body = readFileSync(picture.path);
  const once = async (): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/detect`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body,
    });
    if (!answer.ok) throw new Error(`/detect: ${answer.status}`);
    await answer.arrayBuffer();
  };
  await once();
  const before = parseExposition(await scrape(server));
  for (let i = 0; i < COUNTED; i++) await once();
  const after = parseExposition(await scrape(server));
  const calls = callsOf(before, after, COUNTED, (metric) => OF_REQUESTS.test(metric));
  const { registry } = createMetrics();
  const us = timeCalls(registry, calls, quick ? 5 : 30, quick ? 2000 : 10_000);
  // The gauge of requests in flight goes up and down and leaves no trace in its value.
  const number = calls.reduce((sum, { times }) => sum + times, 0);
  return { number: number + 2, us: us.map((one) => (one * (number + 2)) / number) };
}

async function scrapeCost(server: Server) {
  const times: number[] = [];
  let text = '';
  for (let i = 0; i < SCRAPES; i++) {
    const began = performance.now();
    text = await scrape(server);
    times.push(performance.now() - began);
  }
  const values = parseExposition(text);
  const mean = (histogram: string): number =>
    ((values.get(`${histogram}_sum`) ?? Number.NaN) / (values.get(`${histogram}_count`) ?? Number.NaN)) * 1000;
  return {
    scrapeMs: median(times),
    series: values.size,
    bytes: text.length,
    sampleMs: mean('facepool_monitor_sample_duration_seconds'),
    nvmlMs: mean('facepool_monitor_nvml_duration_seconds'),
  };
}

export async function overheadSuite(context: SuiteContext): Promise<SuiteResult> {
  const { options, scratch, say } = context;
  const count = options.rounds ?? (options.quick ? 2 : 20);
  const ms = options.quick ? 1500 : 4000;
  const [picture] = await makePictures(scratch, [1]);
  if (picture === undefined) throw new Error('no picture');
  say('starting two servers');
  const servers: Partial<Record<Variant, Server>> = {};
  const loader = startLoader();
  const rounds: Record<Variant, Round[]> = { watched: [], unwatched: [] };
  try {
    const watched = await startFacepool(join(scratch, 'watched-data'));
    servers.watched = watched;
    const unwatched = await startFacepool(join(scratch, 'unwatched-data'), OFF);
    servers.unwatched = unwatched;
    const run = async (variant: Variant, time: number): Promise<Round> =>
      measure(variant === 'watched' ? watched : unwatched, loader, picture, time, variant === 'watched');
    for (const variant of ['watched', 'unwatched'] as const) await run(variant, ms / 4);
    for (const [i, turn] of interleave(['watched', 'unwatched'] as const, count).entries()) {
      say(`round ${i + 1} of ${count}`);
      for (const variant of turn) rounds[variant].push(await run(variant, ms));
    }
    say('calls of metrics by themselves');
    const calls = await callsOfOneRequest(unwatched, picture, options.quick);
    const cost = await scrapeCost(watched);
    return result(rounds, calls, cost, { count, ms });
  } finally {
    loader.stop();
    for (const server of Object.values(servers)) await server.stop();
  }
}

function result(
  rounds: Record<Variant, Round[]>,
  calls: { number: number; us: number[] },
  cost: Awaited<ReturnType<typeof scrapeCost>>,
  { count, ms }: { count: number; ms: number },
): SuiteResult {
  const all = (variant: Variant, read: (round: Round) => number): number[] => rounds[variant].map(read);
  const row = (variant: Variant): string[] => [
    variant,
    figure(median(all(variant, (round) => round.perSecond))),
    figure(median(all(variant, (round) => round.p50))),
    figure(median(all(variant, (round) => round.cpuMs))),
  ];
  const over = (read: (round: Round) => number): string => ranged(ratio(all('watched', read), all('unwatched', read)));
  const cpuMs = median(all('unwatched', (round) => round.cpuMs));
  const us = median(calls.us);
  return {
    title: 'What watching costs',
    note: `${count} rounds of ${ms / 1000} s per variant, taking turns, ${CLIENTS} clients, /detect of a picture of one megapixel. Watched: monitor and history as they are by default, and a scrape every second; unwatched: without the three. Both count requests: that cost is in the second table, from the calls that one request makes (by the server's own totals), made in a loop. Medians; in brackets the range of the ratio over rounds.`,
    tables: [
      {
        caption: 'A watched server and an unwatched one',
        table: {
          head: ['server', 'requests/s', 'p50, ms', 'CPU per request, ms'],
          rows: [
            row('watched'),
            row('unwatched'),
            ['ratio', over((r) => r.perSecond), over((r) => r.p50), over((r) => r.cpuMs)],
          ],
        },
      },
      {
        caption: 'Metrics of one request, and of one second',
        table: {
          head: ['what', 'figure'],
          rows: [
            ['calls of metrics in one /detect', String(calls.number)],
            ['their time, µs', figure(us)],
            ['part of the request’s CPU, %', figure((us / 1000 / cpuMs) * 100)],
            ['one scrape, ms', figure(cost.scrapeMs)],
            ['series in it', String(cost.series)],
            ['one sample of the monitor, ms', figure(cost.sampleMs)],
            ['of it in NVML, ms', figure(cost.nvmlMs)],
          ],
        },
      },
    ],
    raw: { rounds, calls, cost },
  };
}
