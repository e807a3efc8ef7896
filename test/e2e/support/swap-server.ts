/** A server whose versions change: with a place for weights of their own, and weights cached apart from other tests'. */
import path from 'node:path';
import { peopleStatusSchema } from '../../../src/contract/people.ts';
import { SHARED_MODELS } from '../../fixtures/shared.ts';
import { configured } from './config-file.ts';
import { makeDataDir, startServer, type TestServer } from './server.ts';
import { type SwapAdmin, swapAdmin } from './swap-admin.ts';
import { until } from './until.ts';
import { type VersionFactory, versionFactory } from './swap-versions.ts';

const PEOPLE_MS = 20_000;

export type SwapServer = TestServer & {
  readonly admin: SwapAdmin;
  readonly factory: VersionFactory;
  /** A server on the same data directory with the same settings, or these beside them; this one has ended. */
  readonly again: (more?: Readonly<Record<string, unknown>>) => Promise<SwapServer>;
};

export async function startSwapServer(
  settings: Readonly<Record<string, unknown>>,
  dataDir: string = makeDataDir(),
  factory: VersionFactory = versionFactory(dataDir),
): Promise<SwapServer> {
  const server = await startServer({
    ...configured({ ...settings, store: { mirrors: [factory.mirror, SHARED_MODELS] } }, dataDir),
    env: { FACEPOOL_STORE_CACHE_DIR: path.join(dataDir, 'weights') },
  });
  return {
    ...server,
    admin: swapAdmin(server.socket),
    factory,
    async again(more = {}) {
      const next = await startSwapServer({ ...settings, ...more }, dataDir, factory);
      // It serves before it has read who is enrolled.
      await until('people are read', PEOPLE_MS, async () => {
        const status = peopleStatusSchema.parse(await (await fetch(`${next.url}/v1/people`)).json());
        return status.state !== 'loading';
      });
      return next;
    },
  };
}
