/** Enrols, deletes, renames and merges until it is killed; says each deed before it and when it is acknowledged. */
import { openSync, writeSync } from 'node:fs';
import process from 'node:process';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { picker } from '../../fixtures/random.ts';
import { type Deed, laneOf } from './people-ledger.ts';
import { stormFace } from './people-storm-face.ts';

const LANES = 16;
const LIMITS = { perSubject: 1000, all: 1_000_000 };

const [file = '', diary = '', keyText = '', seed = '0', firstFace = '0'] = process.argv.slice(2);
const key = keyText === '' ? null : new Uint8Array(Buffer.from(keyText, 'hex'));
const store = createSqliteStore({ file, key });
await store.open();
const random = picker(Number(seed));
let lastFace = Number(firstFace);
let lastName = 0;

/** A file: what was written to it outlives the process, and writing never has to wait for a reader. */
const descriptor = openSync(diary, 'a');
function say(deed: Deed, ok: boolean): void {
  writeSync(descriptor, `${JSON.stringify({ deed, ok })}\n`);
}

async function collection(): Promise<number> {
  return (await store.collections())[0]?.id ?? (await store.createCollection('default')).id;
}
const home = await collection();

/** The faces that this child enrolled, by number, with their ids. */
type Mine = { readonly name: string; readonly faces: Map<number, string> };

/** What an earlier child left. */
async function inherited(): Promise<Map<number, Mine[]>> {
  const lanes = new Map<number, Mine[]>();
  for (let last: string | null = null; ; ) {
    const page = await store.subjects(home, { after: last, limit: 1000 });
    for (const { name } of page) {
      const mine = lanes.get(laneOf(name)) ?? [];
      lanes.set(laneOf(name), [...mine, { name, faces: new Map() }]);
    }
    last = page.at(-1)?.name ?? null;
    if (last === null) return lanes;
  }
}

async function subjectId(name: string): Promise<number> {
  const found = await store.subject(home, name);
  if (found === null) throw new Error(`${name} is not there`);
  return found.id;
}

async function deed(lane: number, mine: Mine[]): Promise<void> {
  const one = random.pick(mine);
  const dice = random.below(100);
  const fresh = (): string => `${lane}-${seed}-${++lastName} Zoë`;
  if (one === undefined || dice < 78) {
    const face = ++lastFace;
    const name = one === undefined || random.chance(0.5) ? fresh() : one.name;
    const todo: Deed = { lane, op: 'enrol', name, face };
    say(todo, false);
    const added = await store.addFace(stormFace(name, face), LIMITS);
    say(todo, true);
    const there = mine.find((other) => other.name === name);
    if (there === undefined) mine.push({ name, faces: new Map([[face, added.face.face_id]]) });
    else there.faces.set(face, added.face.face_id);
    return;
  }
  const [known] = one.faces;
  if (dice < 82 && known !== undefined) {
    const [face, id] = known;
    const todo: Deed = { lane, op: 'delete-face', name: one.name, face };
    say(todo, false);
    await store.deleteFace(home, id);
    say(todo, true);
    one.faces.delete(face);
    return;
  }
  mine.splice(mine.indexOf(one), 1);
  const other = random.pick(mine);
  const id = await subjectId(one.name);
  if (dice < 87) {
    const todo: Deed = { lane, op: 'delete', name: one.name };
    say(todo, false);
    await store.deleteSubject(id);
    say(todo, true);
  } else if (dice < 93 || other === undefined) {
    const to = fresh();
    const todo: Deed = { lane, op: 'rename', name: one.name, to };
    say(todo, false);
    await store.changeSubject(id, { name: to });
    say(todo, true);
    mine.push({ name: to, faces: one.faces });
  } else {
    const todo: Deed = { lane, op: 'merge', name: one.name, to: other.name };
    const into = await subjectId(other.name);
    say(todo, false);
    await store.mergeSubjects(id, into);
    say(todo, true);
    for (const [face, faceId] of one.faces) other.faces.set(face, faceId);
  }
}

const lanes = await inherited();
process.stdout.write('ready\n');
await Promise.all(
  Array.from({ length: LANES }, async (_, lane) => {
    const mine = lanes.get(lane) ?? [];
    for (;;) await deed(lane, mine);
  }),
);
