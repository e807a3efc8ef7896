/**
 * The answer to a registration: one JSON document when it has ended, or, where the client accepts `text/event-stream`,
 * each step as it comes. These begin when the upload is in: many clients read nothing before they have sent everything.
 */
import type { Request, Response } from 'express';
import type { VersionRow } from '../contract/staging.ts';
import type { StageProgress } from '../contract/versions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../util/clock.ts';
import { EventStream, wantsEvents } from './event-stream.ts';
import { toFacepoolError, toProblem } from './problem.ts';
import { stateOf } from './request-state.ts';
import { sendJson } from './send.ts';

export type StageStepsDeps = { readonly clock: Pick<Clock, 'after'>; readonly log: Pick<Logger, 'error'> };

export class StageSteps {
  readonly #req: Request;
  readonly #res: Response;
  readonly #log: Pick<Logger, 'error'>;
  readonly #stream: EventStream | null;
  #opened: Promise<void> | null = null;
  #count = 0;

  constructor(req: Request, res: Response, { clock, log }: StageStepsDeps) {
    this.#log = log;
    this.#req = req;
    this.#res = res;
    const onSlow = (): void => {
      stateOf(req).code = 'deadline_exceeded';
    };
    this.#stream = wantsEvents(req) ? new EventStream(res, { clock, onSlow }) : null;
  }

  tell(step: StageProgress): void {
    this.#send('step', step);
    if (step.step === 'receive' && step.ms !== null) this.#open();
  }

  /** 201, or the event `version`. */
  async end(row: VersionRow, location: string): Promise<void> {
    if (this.#stream === null) {
      this.#res.setHeader('Location', location);
      sendJson(this.#res, row, 201);
      return;
    }
    this.#send('version', row);
    await this.#finish();
  }

  /** Throws the error where nothing was answered yet; else it is the event `problem`. */
  async fail(error: unknown): Promise<void> {
    if (this.#opened === null) throw error;
    const state = stateOf(this.#req);
    const { code, status } = toFacepoolError(error);
    state.code = code;
    if (status === 500)
      this.#log.error({ request_id: state.id, route: state.route, code, err: error }, 'request failed');
    this.#send('problem', toProblem(error, state.id));
    await this.#finish();
  }

  async #finish(): Promise<void> {
    this.#open();
    await this.#opened;
    this.#stream?.end();
  }

  #open(): void {
    if (this.#stream !== null) this.#opened ??= this.#stream.open([], null);
  }

  #send(type: string, data: unknown): void {
    this.#count += 1;
    this.#stream?.live({ id: String(this.#count), type, data });
  }
}
