/** Before anything is timed: all servers must find the same faces. A fast wrong answer is no figure. */
import { readFileSync } from 'node:fs';
import type { Upload } from '../client/request.ts';
import type { Picture } from '../lib/pictures.ts';
import type { Server } from '../servers/server.ts';

type Answer = { readonly faces: readonly { readonly embedding?: { readonly array: readonly number[] } }[] };

/**
 * Least cosine between a server's embedding and the first server's. The naive peer samples large faces without
 * averaging, which alone moves a vector by some hundredths; another person is below 0.4.
 */
const LEAST_COSINE = 0.9;

async function ask(server: Server, picture: Picture, upload: Upload): Promise<Answer> {
  const bytes = readFileSync(picture.path);
  const form = new FormData();
  form.set('file', new Blob([bytes]), 'picture.jpg');
  const answer = await fetch(`http://127.0.0.1:${server.port}/recognize?fields=embedding`, {
    method: 'POST',
    ...(upload === 'raw' ? { body: bytes, headers: { 'content-type': 'image/jpeg' } } : { body: form }),
  });
  if (!answer.ok) throw new Error(`${server.name}: ${answer.status} ${await answer.text()}\n${server.output()}`);
  return (await answer.json()) as Answer;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
}

/** Throws when a server does not find the faces, or embeds the largest one differently. */
export async function checkAnswers(
  servers: readonly Server[],
  pictures: readonly Picture[],
  uploadOf: (server: Server, upload: Upload) => Upload,
  upload: Upload,
): Promise<void> {
  for (const picture of pictures) {
    let reference: readonly number[] | undefined;
    for (const server of servers) {
      const { faces } = await ask(server, picture, uploadOf(server, upload));
      const what = `${server.name}, ${picture.name} at ${picture.megapixels} megapixels`;
      if (faces.length !== picture.faces) throw new Error(`${what}: ${faces.length} faces, not ${picture.faces}`);
      const vector = faces[0]?.embedding?.array;
      if (vector === undefined) throw new Error(`${what}: no embedding`);
      reference ??= vector;
      const same = cosine(reference, vector);
      if (same < LEAST_COSINE) throw new Error(`${what}: cosine ${same.toFixed(4)} to ${servers[0]?.name}`);
    }
  }
}
