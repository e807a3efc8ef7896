/**
 * A server of people that stands still right after it has accepted the deletion of a large collection: the mark is on
 * the disk, the erasing is not. Whoever started it kills it.
 */
import path from 'node:path';
import process from 'node:process';
import { mock } from 'node:test';
import { heldStore } from '../../fixtures/held-store.ts';
import { newFace, peopleRig } from '../../fixtures/people-rig.ts';
import { startServer } from '../../http/support/server.ts';

const TIMEOUT_MS = 50;

const [folder = '', faces = '0'] = process.argv.slice(2);
const { store, holdWhenDurable, durable } = heldStore(path.join(folder, 'people.db'));
const { people, gallery } = peopleRig({ store });
await people.createCollection('staff');
const all = Array.from({ length: Number(faces) }, (_, i) => newFace(`p${i % 40}`, i + 1, { collection: 'staff' }));
await Promise.all([...all.map((face) => gallery.add(face)), gallery.add(newFace('anna', 9999))]);
const server = await startServer({ people, limits: { timeout_ms: TIMEOUT_MS } });
mock.timers.enable({ apis: ['setTimeout'] });
holdWhenDurable();
void durable().then(() => mock.timers.tick(TIMEOUT_MS));
process.stdout.write(`${server.url}\n`);
