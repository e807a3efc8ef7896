/** The store without its thread, and bytes of its files. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Context, Unfinished } from '../../../src/gallery/store/context.ts';
import type { DatabaseOptions } from '../../../src/gallery/store/database.ts';
import { Engine } from '../../../src/gallery/store/engine.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

export type Rig = {
  readonly engine: Engine;
  readonly file: string;
  /** One change, alone in its transaction; a long one to its end. Throws what it was refused with. */
  readonly change: <T>(make: (context: Context) => T | Unfinished<T>, now?: number) => T;
  readonly read: <T>(make: (context: Context) => T) => T;
};

export function openRig(t: TestContext, options: Partial<DatabaseOptions> = {}): Rig {
  const file = options.file ?? path.join(tempDir(t), 'people.db');
  const engine = new Engine({ key: null, ...options, file }, 'default');
  t.after(() => engine.close());
  engine.open();
  return { engine, file, change: changer(engine), read: (make) => make(engine.context(0)) };
}

export function changer(engine: Engine): Rig['change'] {
  return <T>(make: (context: Context) => T | Unfinished<T>, now = 1): T => {
    for (let next = make; ; ) {
      // `commit` knows nothing of types: what it made is kept here.
      const made: (T | Unfinished<T>)[] = [];
      const [outcome] = engine.commit([{ now, erases: true, make: (context) => made.push(next(context)) }]);
      if (outcome === undefined || !outcome.ok) throw outcome?.error ?? new Error('no outcome');
      const value = made.at(-1);
      if (value === undefined && made.length === 0) throw new Error('nothing was made');
      if (!(value instanceof Unfinished)) return value as T;
      const rest = value;
      next = (context) => rest.go(context);
    }
  };
}

export function drained<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** All bytes of the database, its log and whatever else lies beside it. */
export function bytesOnDisk(file: string): Buffer {
  const files = ['', '-wal', '-shm', '-journal', '.incoming', '.incoming-wal'].map((rest) => `${file}${rest}`);
  return Buffer.concat(files.filter((name) => existsSync(name)).map((name) => readFileSync(name)));
}

/** Pieces of some bytes: their begin, middle and end. */
export function piecesOf(bytes: Uint8Array): Buffer[] {
  const middle = Math.floor(bytes.length / 2);
  return [bytes.subarray(0, 24), bytes.subarray(middle, middle + 24), bytes.subarray(-24)].map((part) =>
    Buffer.from(part),
  );
}
