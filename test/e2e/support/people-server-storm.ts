/** The same through a real server: enrolments by embedding over its admin socket, while it is killed and started again. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { picker } from '../../fixtures/random.ts';
import { unitVector } from '../../gallery/store/new-face.ts';
import { makeDataDir, startServer, type TestServer } from './server.ts';
import { send } from './swap-admin.ts';

const SPACE = 'omz-0095';
const DIM = 256;
const LANES = 8;
const PAGE = 1000;
/** A server lives for so long after it serves, at most. */
const LIFE_MS = 2000;

export type ServerStormResult = {
  readonly seconds: number;
  readonly kills: number;
  readonly enrolments: number;
  readonly deletions: number;
  /** Answers other than those of a server that works, or of one that is no more. */
  readonly faults: readonly string[];
};

type Known = {
  /** Acknowledged: id of the face → number of its vector. */
  readonly faces: Map<string, number>;
  readonly gone: Set<string>;
};

const body = (value: unknown) => ({ type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) });

/** A server that has just begun to serve answers 503 while it opens the store. */
async function patiently<T extends { readonly status: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    await delay(20);
  }
}

function faceIdIn(answer: unknown): string {
  const { face }: { face?: { face_id?: unknown } } = Object(answer);
  return String(face?.face_id);
}

export async function peopleServerStorm(
  { enrolments, seed }: { readonly enrolments: number; readonly seed: number },
  say: (line: string) => void,
): Promise<ServerStormResult> {
  const random = picker(seed);
  const known: Known = { faces: new Map(), gone: new Set() };
  const faults: string[] = [];
  const dataDir = makeDataDir();
  const start = performance.now();
  let kills = 0;
  let enrolled = 0;
  let deletions = 0;
  let last = 0;

  /** One lane, until the server is no more. */
  const lane = async (server: TestServer, isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      const number = ++last;
      const subject = `Zoë ${number}`;
      const base64 = Buffer.from(unitVector(number, DIM).buffer).toString('base64');
      const request = body({ subject, embedding: { space: SPACE, base64 } });
      const answer = await patiently(() => send(server.socket, 'POST', '/v1/collections/default/faces', request));
      if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      enrolled += 1;
      const faceId = faceIdIn(answer.body);
      known.faces.set(faceId, number);
      if (!random.chance(0.15)) continue;
      // From here on it may be gone.
      known.faces.delete(faceId);
      const where = `/v1/collections/default/subjects/${encodeURIComponent(subject)}`;
      const removed = await patiently(() => send(server.socket, 'DELETE', where));
      if (removed.status >= 300) throw new Error(`${removed.status} ${JSON.stringify(removed.body)}`);
      deletions += 1;
      known.gone.add(faceId);
    }
  };

  while (enrolled < enrolments && faults.length === 0) {
    const server = await startServer({ dataDir });
    let isOver = false;
    const lanes = Array.from({ length: LANES }, async () => {
      try {
        await lane(server, () => isOver);
      } catch (error) {
        // A connection that broke is what a kill looks like.
        if (!isOver) faults.push(String(error));
      }
    });
    await delay(random.below(LIFE_MS));
    isOver = true;
    server.kill('SIGKILL');
    await server.exited;
    await Promise.all(lanes);
    kills += 1;
    faults.push(...(await examine(path.join(dataDir, 'people.db'), known)));
    say(`${kills} kills, ${enrolled} enrolments acknowledged`);
  }
  return { seconds: (performance.now() - start) / 1000, kills, enrolments: enrolled, deletions, faults };
}

async function examine(file: string, { faces, gone }: Known): Promise<string[]> {
  const store = createSqliteStore({ file, key: null });
  await store.open();
  const faults: string[] = [];
  try {
    const there = new Map<string, Float32Array>();
    for (let after: string | null = null; ; ) {
      const page: Awaited<ReturnType<typeof store.vectors>> = await store.vectors(SPACE, after, PAGE);
      for (const { faceId, vector } of page) there.set(faceId, vector);
      after = page.at(-1)?.faceId ?? null;
      if (after === null) break;
    }
    for (const [faceId, number] of faces) {
      if (!isDeepStrictEqual(there.get(faceId), unitVector(number, DIM)))
        faults.push(`face ${number} is lost or another`);
    }
    for (const faceId of gone) if (there.has(faceId)) faults.push(`${faceId} is back again`);
    faults.push(...(await store.check()).faults);
  } finally {
    await store.close();
  }
  return faults;
}
