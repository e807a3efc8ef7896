import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { PeopleStore } from '../../../src/gallery/people-store.ts';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { memoryStore } from '../../fixtures/memory-people-store.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { storeContract } from '../store-contract.ts';
import type { Kit } from '../store-contract-support.ts';

type Make = (file: string, clock: ManualClock) => PeopleStore;

async function kit(t: TestContext, make: Make): Promise<Kit> {
  const clock = new ManualClock();
  const folder = tempDir(t);
  let made = 0;
  const another = async (): Promise<PeopleStore> => {
    const store = make(path.join(folder, `store-${++made}`, 'people.db'), clock);
    t.after(() => store.close());
    await store.open();
    return store;
  };
  return { store: await another(), clock, folder, another };
}

storeContract('in memory', (t) => kit(t, (_file, clock) => memoryStore({ clock })));
storeContract('in SQLite', (t) => kit(t, (file, clock) => createSqliteStore({ file, key: null, clock })));
const key = new Uint8Array(randomBytes(32));
storeContract('in SQLite, encrypted', (t) => kit(t, (file, clock) => createSqliteStore({ file, key, clock })));
