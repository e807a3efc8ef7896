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

test('PSS: at once for who is new, then each at one of five samples, and kept in between', () => {
  const alive = new Map(Array.from({ length: 7 }, (_, pid) => [pid, pid]));
  const pids = [...alive.keys()];
  const { read, asked } = rig(alive);
  read(pids);
  assert.deepEqual(asked.splice(0), pids);
  alive.set(0, 500);
  alive.set(6, 600);
  for (let sample = 0; sample < 4; sample++) {
    const pss = read(pids).map((it) => it.pss);
    assert.equal(pss[0], 500 * 1024);
    assert.equal(pss[6], (sample < 3 ? 6 : 600) * 1024);
    assert.ok(asked.length === 2);
    asked.length = 0;
  }
});

test('a pid that left and came back is another process', () => {
  const alive = new Map([[1, 10]]);
  const { read } = rig(alive);
  read([1]);
  read([]);
  alive.set(1, 20);
  assert.equal(read([1])[0]?.pss, 20 * 1024);
});
