/** The imaging process: messages from the supervisor, uploads from its pipe, connections of model workers. */
import process from 'node:process';
import { inspect } from 'node:util';
import sharp from 'sharp';
import { FacepoolError } from '../../src/contract/errors.ts';
import { UPLOAD_FD } from '../../src/contract/protocol.ts';
import type { ImagingConfig, ToImaging } from '../../src/contract/protocol.ts';
import { Inbox } from '../../src/frames/inbox.ts';
import { readPipe } from '../../src/frames/socket.ts';
import { startChild } from '../child.ts';
import type { Port } from '../child.ts';
import { warmCrops } from './crop-warm.ts';
import { configureSharp } from './decode.ts';
import { ImagingService } from './service.ts';
import { shareMemory } from './share.ts';

/** Not at once: while a server starts, the models that load need the cores. */
const WARM_AFTER_MS = 500;

/** A process that cannot listen or cannot read its uploads is of no use; the supervisor starts another. */
function die(what: string, error: unknown): never {
  process.stderr.write(`imaging: ${what}: ${inspect(error)}\n`);
  process.exit(1);
}

export function serve(): void {
  const uploads = new Inbox();
  let service: ImagingService | null = null;

  const configure = (config: ImagingConfig, port: Port): void => {
    if (service !== null) return;
    const shared = shareMemory(config.sharedBytes);
    service = new ImagingService(config, uploads, shared?.arena ?? null);
    service.links.listen(config.socketPath).then(
      () => {
        port.listening(shared?.ref);
        setTimeout(() => void warmCrops(), WARM_AFTER_MS).unref();
      },
      (error: unknown) => die('listen', error),
    );
  };

  const onMessage = (message: ToImaging, port: Port): void => {
    if (message.type === 'configure') configure(message.config, port);
    else if (message.type === 'abandon') service?.abandon(message.id);
    else if (message.type === 'close') service?.close(message.frame);
    else if (message.type === 'ping' || message.type === 'hold' || message.type === 'stop') return;
    else if (service === null) port.fail(message.id, new FacepoolError('internal', 'imaging is not configured yet'));
    else service.call(message, port);
  };

  configureSharp();
  startChild<ToImaging>({
    kind: 'imaging',
    runtime: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
    onMessage,
    onStop: async () => service?.stop(),
  });
  readPipe(UPLOAD_FD, {
    onFrame: (header, payload) => uploads.receive(header, payload),
    onBroken: (error) => die('upload pipe', error),
  });
}
