/** `/gpu/history`: the GPUs' history as JSON, or of one device as CSV, as long as one likes. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import type { HistoryAnswer, HistoryQuery, Observatory } from '../../contract/history.ts';
import type { Settings } from '../../contract/settings.ts';
import { DEVICE_CSV_HEADER, deviceCsv } from '../../telemetry/history/csv.ts';
import { parseChoice, readOptions } from '../observatory-options.ts';
import { inPlace } from '../places.ts';
import { addRoute } from '../route.ts';
import { sendChunks } from '../send-chunks.ts';
import { parseRange, parseStep, type TimeRange } from '../time-range.ts';
import { inTime, type ObservatoryDeps, sendHistory } from './observatory.ts';

const HOUR_MS = 3_600_000;
/** The history of the CPU is told as that of a device. */
const CPU = 'cpu';

export type GpuHistoryDeps = ObservatoryDeps & { readonly settings: Pick<Settings, 'monitor'> };
/** `ask`: the history. */
type AskDeps = GpuHistoryDeps & { readonly ask: Observatory['history'] };
type StepRange = TimeRange & { readonly stepS: number | null };

export function gpuHistoryRouter(deps: GpuHistoryDeps): Router {
  const router = Router();
  addRoute(router, 'get', '/gpu/history', 'history', deps.gate('any key'), async (req, res) => {
    const given = readOptions('/gpu/history', req.url);
    const times = parseRange(given.from, given.to, deps.clock.date().getTime());
    const range = { ...times, stepS: parseStep(given.step) };
    const isCsv = parseChoice('format', given.format, ['json', 'csv'], 'json') === 'csv';
    await inPlace(deps.answers, req, (during) => {
      const asked = { ...deps, ask: (query: HistoryQuery) => during(deps.observatory.history(query)) };
      return (isCsv ? answerCsv : answerJson)(req, res, asked, range, given.device ?? null);
    });
  });
  return router;
}

async function answerJson(
  req: Request,
  res: Response,
  deps: AskDeps,
  range: StepRange,
  device: string | null,
): Promise<void> {
  const answer = await historyOf(res, deps, range, device, true);
  if (device !== null) checkKnown(device, answer, deps.observatory);
  const shown = device === null ? answer.devices.filter(({ kind }) => kind === 'gpu') : answer.devices;
  await sendHistory(req, res, deps.clock, { ...answer, devices: shown });
}

/** One device. Where there is no GPU and no device is named, a CSV of nothing is its header. */
async function answerCsv(
  req: Request,
  res: Response,
  deps: AskDeps,
  asked: StepRange,
  named: string | null,
): Promise<void> {
  const { observatory, settings, clock, ask } = deps;
  const range = { ...asked, ...kept(asked, deps) };
  const device = named ?? observatory.gpu().gpus[0]?.id ?? null;
  // Before anything is sent: afterwards it could not be refused.
  const coarse = await historyOf(res, deps, { ...range, stepS: null }, device, false);
  if (device !== null) checkKnown(device, coarse, observatory);
  const shown = device ?? coarse.devices.find(({ kind }) => kind === 'gpu')?.id ?? null;
  const lines =
    shown === null
      ? [`${DEVICE_CSV_HEADER}\n`]
      : deviceCsv(ask, { ...range, device: shown }, settings.monitor.sample_ms);
  res.setHeader('Content-Type', 'text/csv; charset=utf-8; header=present');
  res.setHeader('Content-Disposition', `attachment; filename="${fileName(shown)}"`);
  await sendChunks(res, clock, req.method === 'HEAD' ? [] : lines);
}

function historyOf(
  res: Response,
  { ask, settings }: AskDeps,
  range: StepRange,
  device: string | null,
  events: boolean,
): Promise<HistoryAnswer> {
  const devices = device === null ? null : [device];
  return inTime(res, settings.limits, ask({ ...range, devices, workers: false, events }));
}

/** Throws `not_found` for a device that is neither there now nor in the history. */
function checkKnown(device: string, answer: HistoryAnswer, observatory: Observatory): void {
  const now = [CPU, ...observatory.gpu().gpus.map(({ id }) => id)];
  if (now.includes(device) || answer.devices.some(({ id }) => id === device)) return;
  throw new FacepoolError('not_found', `The history knows no such device. There are: ${now.join(', ')}.`, {
    param: 'device',
  });
}

/** The part of a range of which anything can be kept: `from=0` is meant as "everything". */
function kept({ from, to }: TimeRange, { settings, clock }: GpuHistoryDeps): TimeRange {
  const { retention_hours: hours, memory_s: seconds } = settings.history;
  const now = clock.date().getTime();
  const end = Math.min(to, now);
  return { from: Math.min(Math.max(from, now - Math.max(hours * HOUR_MS, seconds * 1000)), end - 1), to: end };
}

function fileName(device: string | null): string {
  return `facepool-${(device ?? 'gpu').replaceAll(/[^A-Za-z0-9._-]/g, '-')}.csv`;
}
