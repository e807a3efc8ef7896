import type { Settings } from '../contract/settings.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { Clock } from '../util/clock.ts';
import type { ImagingClient } from './imaging-client.ts';
import type { ModelRouter } from './model-router.ts';
import type { Names } from './names.ts';

export type ControlDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly imaging: ImagingClient;
  readonly routers: ReadonlyMap<string, ModelRouter>;
  readonly names: Names;
  /** Path of the server's own log, where it has one. */
  readonly serverLog: string | null;
};
