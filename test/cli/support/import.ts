/** Folders of people for an import, and a server that takes them. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { peopleServer, pictures } from './people.ts';
import { run } from './run.ts';
import type { FakeServerOptions } from './server.ts';

/** `people` persons of three pictures each: `p3/one-3.jpg`. */
export function folderOf(dir: string, people: number): string {
  for (let i = 0; i < people; i += 1) {
    mkdirSync(path.join(dir, 'people', `p${i}`), { recursive: true });
    pictures(dir, ...['one', 'two', 'three'].map((word) => `people/p${i}/${word}-${i}.jpg`));
  }
  return 'people';
}

export async function importServer(
  t: TestContext,
  options: FakeServerOptions & { readonly collections?: string[] } = {},
) {
  const server = await peopleServer(t, options);
  const ours = (...args: string[]) =>
    run(['people', 'import', ...args, '--socket', server.socketPath], { cwd: server.dir });
  return { ...server, ours };
}
