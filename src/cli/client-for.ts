/** The server's address, as the flags of a command say. */
import { resolve } from 'node:path';
import { fitSocketPath } from '../config/socket-path.ts';
import { type Client, createClient } from './client.ts';
import type { Invocation } from './command.ts';
import { loadFor } from './load-settings.ts';

/** A client of the server that the flags name. With `--socket` no configuration is read at all. */
export function clientFor(invocation: Invocation): Client {
  const socket = invocation.text('socket');
  if (socket !== undefined && socket !== '') return createClient(fitSocketPath(resolve(invocation.io.cwd, socket)));
  return createClient(loadFor(invocation).settings.admin.socket);
}
