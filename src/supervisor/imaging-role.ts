/** Imaging as a managed process. */
import { rm } from 'node:fs/promises';
import { ENV_LOG_LEVEL, PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { ArenaRef, ImagingCalls, ImagingConfig } from '../contract/protocol.ts';
import type { Settings } from '../contract/settings.ts';
import type { Role } from './role.ts';

export const IMAGING = 'imaging';

/**
 * Memory shared with the model workers: the inputs of some fifty pictures. What finds no room is sent through the socket.
 * Pages that were never used cost nothing. Mapped, it counts as external memory, and from 64 MiB of that on V8 marks the whole
 * heap: each of four children did at its start (45 ms of processor time in all).
 */
const SHARED_BYTES = 60 * 1024 * 1024;

/** `socketPath` is where model workers connect for their pixels. */
export function imagingRole(
  settings: Settings,
  socketPath: string,
  onListening: (arena: ArenaRef | undefined) => void = () => {},
): Role<ImagingCalls, ImagingConfig> {
  const { imaging } = settings;
  return {
    name: IMAGING,
    version: null,
    entry: new URL('../../workers/imaging/main.ts', import.meta.url),
    get env() {
      return {
        UV_THREADPOOL_SIZE: String(imaging.libuv_threads),
        // libvips works on several threads; glibc would keep an arena for each (198 against 332 MB after the decode bench).
        MALLOC_ARENA_MAX: '2',
        [ENV_LOG_LEVEL]: settings.log.level,
      };
    },
    uploadPipe: true,
    proof: 'listening',
    // Decoding may take long, but not on its event loop.
    get livelyMs() {
      return settings.workers.infer_timeout_ms;
    },
    prepare: async () => {
      await rm(socketPath, { force: true });
      const value: ImagingConfig = {
        socketPath,
        maxFrameBytes: imaging.max_frame_bytes,
        cropThreads: imaging.crop_threads,
        poolFromFaces: imaging.pool_from_faces,
        sharedBytes: Math.min(SHARED_BYTES, imaging.max_frame_bytes),
      };
      return { ok: true, value };
    },
    boot: async (child, config) => {
      child.notify({ type: 'configure', v: PROTOCOL_VERSION, config });
      onListening(await child.listening);
    },
  };
}
