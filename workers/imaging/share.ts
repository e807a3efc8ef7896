/** Memory that this imaging process shares with the model workers. */
import process from 'node:process';
import { inspect } from 'node:util';
import { ENV_WORKER_ID } from '../../src/contract/protocol.ts';
import type { ArenaRef } from '../../src/contract/protocol.ts';
import { Arena } from '../../src/frames/arena.ts';
import { createSharedMemory } from '../shared-memory.ts';

/** Without it every tensor is sent through the socket. */
export function shareMemory(bytes: number): { arena: Arena; ref: ArenaRef } | null {
  if (bytes === 0) return null;
  const id = Number(process.env[ENV_WORKER_ID] ?? 0);
  try {
    const { memory, path } = createSharedMemory(bytes);
    return { arena: new Arena(memory, id), ref: { arena: id, path, bytes } };
  } catch (error) {
    process.stderr.write(`imaging: no shared memory, tensors go through the socket: ${inspect(error)}\n`);
    return null;
  }
}
