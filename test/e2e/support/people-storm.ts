/** Enrolments in a process that is killed at random moments, until enough were acknowledged; none may be lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { StoredFace } from '../../../src/contract/people.ts';
import type { PeopleStore, VectorRecord } from '../../../src/gallery/people-store.ts';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { picker } from '../../fixtures/random.ts';
import { type Deed, type Lane, laneOf, Ledger, type Line } from './people-ledger.ts';
import { stormVector } from './people-storm-face.ts';

const CHILD = fileURLToPath(new URL('./people-storm-child.ts', import.meta.url));
const PAGE = 1000;
export type PeopleStormResult = {
  readonly seconds: number;
  readonly kills: number;
  /** Acknowledged. */
  readonly counts: Readonly<Record<Deed['op'], number>>;
  /** Faces that are there in the end, and bytes of the file. */
  readonly faces: number;
  readonly bytes: number;
  /** What is not as it was acknowledged, and what the check found. */
  readonly faults: readonly string[];
};

export type PeopleStormOptions = {
  readonly enrolments: number;
  /** It ends after so many, too. */
  readonly mostKills: number;
  readonly seed: number;
  readonly encrypted: boolean;
  /** A child lives for so long after it is open, at most. */
  readonly lifeMs: number;
};

export async function peopleStorm(
  { enrolments, mostKills, seed, encrypted, lifeMs }: PeopleStormOptions,
  say: (line: string) => void,
): Promise<PeopleStormResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'facepool-people-storm-'));
  const file = path.join(folder, 'people.db');
  const key = encrypted ? new Uint8Array(randomBytes(32)) : null;
  const random = picker(seed);
  const ledger = new Ledger();
  const faults: string[] = [];
  const start = performance.now();
  let kills = 0;
  let lastFace = 0;
  const hear = (line: Line): void => {
    if (line.deed.op === 'enrol') lastFace = Math.max(lastFace, line.deed.face);
    ledger.hear(line);
  };
  let totals = { faces: 0, bytes: 0 };
  try {
    while (ledger.counts.enrol < enrolments && kills < mostKills) {
      // One in eight dies while it opens the store, or before.
      const life = random.chance(0.125) ? null : random.below(lifeMs);
      await oneLife({ file, key, seed: kills, firstFace: lastFace, life, early: random.below(150) }, hear);
      kills += 1;
      totals = await examine(file, key, ledger, faults);
      if (faults.length > 0) break;
      if (kills % 10 === 0)
        say(`${kills} kills, ${ledger.counts.enrol} enrolments acknowledged, ${totals.faces} faces`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = (performance.now() - start) / 1000;
  return { seconds, kills, counts: ledger.counts, ...totals, faults };
}

type Life = {
  readonly file: string;
  readonly key: Uint8Array | null;
  readonly seed: number;
  readonly firstFace: number;
  /** Milliseconds after it is open; null: it is killed `early` milliseconds after its start. */
  readonly life: number | null;
  readonly early: number;
};

async function oneLife(options: Life, hear: (line: Line) => void): Promise<void> {
  const { file, key, seed, firstFace, life, early } = options;
  const keyText = key === null ? '' : Buffer.from(key).toString('hex');
  const diary = `${file}.diary`;
  rmSync(diary, { force: true });
  const child = spawn(process.execPath, [CHILD, file, diary, keyText, String(seed), String(firstFace)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  if (life === null) await delay(early);
  else await Promise.race([once(child.stdout, 'data').then(async () => await delay(life)), exited]);
  assert.equal(child.exitCode, null, 'the child ended by itself');
  child.kill('SIGKILL');
  await exited;
  for (const line of existsSync(diary) ? readFileSync(diary, 'utf8').split('\n') : []) {
    // One that the kill cut off was not acknowledged, and not begun.
    if (line.endsWith('}')) hear(JSON.parse(line));
  }
}

/** Opens what was left, compares it with the ledger and checks it. */
async function examine(
  file: string,
  key: Uint8Array | null,
  ledger: Ledger,
  faults: string[],
): Promise<{ faces: number; bytes: number }> {
  const store = createSqliteStore({ file, key });
  await store.open();
  try {
    const { lanes, wrong } = await contents(store);
    faults.push(...wrong, ...ledger.compare(lanes));
    faults.push(...(await store.check()).faults);
    return await store.totals();
  } finally {
    await store.close();
  }
}

async function contents(store: PeopleStore): Promise<{ lanes: Map<number, Lane>; wrong: string[] }> {
  const lanes = new Map<number, Map<string, number[]>>();
  const wrong: string[] = [];
  const [home] = await store.collections();
  if (home === undefined) return { lanes, wrong };
  const laneFor = (name: string): Map<string, number[]> => {
    const lane = lanes.get(laneOf(name)) ?? new Map<string, number[]>();
    lanes.set(laneOf(name), lane);
    return lane;
  };
  for (let after: string | null = null; ; ) {
    const page = await store.subjects(home.id, { after, limit: PAGE });
    for (const { name } of page) laneFor(name).set(name, []);
    after = page.at(-1)?.name ?? null;
    if (after === null) break;
  }
  const look = (face: StoredFace, record: VectorRecord | undefined): void => {
    const number = Number(face.digest);
    const faces = laneFor(face.subject).get(face.subject);
    if (faces === undefined) wrong.push(`face ${number} has no subject`);
    faces?.push(number);
    const isRight = record?.faceId === face.face_id && isDeepStrictEqual(record.vector, stormVector(number));
    if (!isRight) wrong.push(`face ${number} has not its vector`);
  };
  for (let after: string | null = null; ; ) {
    const page: readonly StoredFace[] = await store.faces(home.id, { after, limit: PAGE });
    const vectors = await store.vectors('storm', after, PAGE);
    page.forEach((face, i) => look(face, vectors[i]));
    after = page.at(-1)?.face_id ?? null;
    if (after === null) break;
  }
  for (const lane of lanes.values()) for (const faces of lane.values()) faces.sort((a, b) => a - b);
  return { lanes, wrong };
}
