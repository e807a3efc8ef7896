/** What the threads of threads.test.ts run. */
import process from 'node:process';

export function answer(value: unknown): unknown {
  return value;
}

export function answerThenDie(value: unknown): unknown {
  setTimeout(() => {
    throw new Error('died of its own');
  }, 50);
  return value;
}

export function exit(): void {
  process.exit(3);
}

/** Says so when the answer was sent. */
export function answerAndSay(flag: Int32Array): string {
  setTimeout(() => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  }, 20);
  return 'sent';
}
