/** Sockets of the data plane: reading with large buffers, writing whole frames. */
import net from 'node:net';
import { FrameReader } from './reader.ts';
import type { Allocate, FrameHandler } from './reader.ts';
import { HELLO_TICKET, encodeHeader } from './header.ts';
import type { FrameHeader } from './header.ts';
import type { WorkerId } from '../contract/protocol.ts';

export type ReadEnd = {
  readonly onFrame: FrameHandler;
  readonly allocate?: Allocate | undefined;
  readonly onBroken: (error: Error) => void;
};

function onReadOptions(end: ReadEnd): { reader: FrameReader; onread: NonNullable<net.OnReadOpts> } {
  const reader = new FrameReader(end.onFrame, end.allocate);
  return {
    reader,
    onread: {
      buffer: () => reader.nextBuffer(),
      callback: (count: number, buffer: Uint8Array) => {
        try {
          reader.onRead(count, buffer);
        } catch (error) {
          end.onBroken(error as Error);
          return false;
        }
        return true;
      },
    } as net.OnReadOpts,
  };
}

/** A model worker's connection to imaging; says who it is. */
export function connectAsWorker(path: string, worker: WorkerId, end: ReadEnd): net.Socket {
  const { onread } = onReadOptions(end);
  const socket = net.connect({ path, onread });
  socket.on('error', end.onBroken);
  socket.write(encodeHeader({ ticket: HELLO_TICKET, part: worker, length: 0 }));
  return socket;
}

/** Imaging's end of the upload pipe, an inherited file descriptor. */
export function readPipe(fd: number, end: ReadEnd): net.Socket {
  const { onread } = onReadOptions(end);
  const socket = new net.Socket({ fd, readable: true, writable: false, onread } as net.SocketConstructorOpts);
  socket.on('error', end.onBroken);
  socket.resume();
  return socket;
}

/** Resolves when the bytes are with the kernel; rejects when the other end is gone. */
export function writeFrame(socket: net.Socket, header: FrameHeader, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    socket.cork();
    socket.write(encodeHeader(header), payload.length === 0 ? done : undefined);
    if (payload.length > 0) socket.write(payload, done);
    socket.uncork();
  });
}
