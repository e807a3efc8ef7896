import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcFiles } from '../../../src/gpu/proc-files.ts';
import { createProcessReader } from '../../../workers/monitor/processes.ts';

const STAT = 'x) S 1 7 7 0 -1 0 1 0 2 0 3 4 0 0 20 0 5 0 0';

/** Processes whose PSS is what is said here, in kB; counts how often it is asked. */
function rig(alive: Map<number, number>) {
  const asked: number[] = [];
  const files: ProcFiles = {
    text(path) {
      const [, , pid, name] = path.split('/');
      const kb = alive.get(Number(pid));
      if (kb === undefined) return null;
      if (name === 'smaps_rollup') asked.push(Number(pid));
      return name === 'smaps_rollup' ? `[rollup]\nPss: ${kb} kB\n` : STAT;
    },
    names: () => null,
    count: () => 9,
  };
  return { read: createProcessReader(files), asked };
}

test('those that are there, in the order asked, each once', () => {
  const { read } = rig(
    new Map([
      [1, 10],
      [3, 30],
    ]),
  );
  assert.deepEqual(
    read([3, 2, 1, 3]).map(({ pid, pss, cpuMs, fds }) => ({ pid, pss, cpuMs, fds })),
    [
      { pid: 3, pss: 30 * 1024, cpuMs: 70, fds: 9 },
      { pid: 1, pss: 10 * 1024, cpuMs: 70, fds: 9 },
    ],
  );
});

test('PSS: at once for who is new, then of one process per sample, in turn, and kept in between', () => {
  const alive = new Map([1, 2, 3].map((pid) => [pid, pid]));
  const { read, asked } = rig(alive);
  read([1, 2, 3]);
  assert.deepEqual(asked.splice(0), [1, 2, 3]);
  for (const pid of alive.keys()) alive.set(pid, 10 * pid);
  const kb = (pids: readonly number[]) => read(pids).map((it) => (it.pss ?? 0) / 1024);
  assert.deepEqual(kb([1, 2, 3]), [10, 2, 3]);
  assert.deepEqual(kb([1, 2, 3]), [10, 20, 3]);
  alive.set(4, 4);
  assert.deepEqual(kb([1, 2, 3, 4]), [10, 20, 30, 4]);
  assert.deepEqual(asked, [1, 2, 3, 4]);
  read([1, 3, 4]);
  read([1, 3, 4]);
  assert.deepEqual(asked.slice(4), [1, 3]);
});

test('a pid that left and came back is another process', () => {
  const alive = new Map([[1, 10]]);
  const { read } = rig(alive);
  read([1]);
  read([]);
  alive.set(1, 20);
  assert.equal(read([1])[0]?.pss, 20 * 1024);
});
