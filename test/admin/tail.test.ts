import assert from 'node:assert/strict';
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tail } from '../../src/admin/tail.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

async function lastLines(file: string, lines: number): Promise<string> {
  let text = '';
  for await (const block of tail(file, { lines, follow: false, signal: new AbortController().signal })) text += block;
  return text;
}

describe('the last lines', () => {
  const table: [string, string, number, string][] = [
    ['some', 'a\nb\nc\n', 2, 'b\nc\n'],
    ['all, where there are fewer', 'a\nb\n', 9, 'a\nb\n'],
    ['exactly all', 'a\nb\n', 2, 'a\nb\n'],
    ['none', 'a\nb\n', 0, ''],
    ['an open last line counts', 'a\nb\nc', 2, 'b\nc'],
    ['empty lines count', 'a\n\n\n', 2, '\n\n'],
    ['an empty file', '', 5, ''],
  ];
  for (const [name, content, lines, expected] of table) {
    it(name, async (t) => {
      const file = path.join(tempDir(t), 'x.log');
      writeFileSync(file, content);
      assert.equal(await lastLines(file, lines), expected);
    });
  }

  it('over many blocks', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    const all = Array.from({ length: 20_000 }, (_, i) => `line ${i} with some words`);
    writeFileSync(file, `${all.join('\n')}\n`);
    assert.equal(await lastLines(file, 12_345), `${all.slice(-12_345).join('\n')}\n`);
  });

  it('go on in the rotated file where the new one has too few', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    writeFileSync(`${file}.1`, 'a\nb\nc\n');
    writeFileSync(file, 'd\n');
    assert.equal(await lastLines(file, 3), 'b\nc\nd\n');
    assert.equal(await lastLines(file, 1), 'd\n');
  });

  it('of a file that is not there are none', async (t) => {
    assert.equal(await lastLines(path.join(tempDir(t), 'x.log'), 5), '');
  });
});

/** Follows `file` and lets the test write between two looks: each step runs when all before it was read. */
async function follow(file: string, steps: (() => void)[]): Promise<string> {
  const ends = new AbortController();
  const left = [...steps];
  const wait = async (): Promise<void> => {
    const step = left.shift();
    if (step === undefined) ends.abort();
    else step();
  };
  let text = '';
  for await (const block of tail(file, { lines: 10, follow: true, signal: ends.signal, wait })) text += block;
  return text;
}

describe('what follows', () => {
  it('is read as it comes', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    writeFileSync(file, 'a\n');
    assert.equal(
      await follow(file, [() => appendFileSync(file, 'b\n'), () => appendFileSync(file, 'c\n')]),
      'a\nb\nc\n',
    );
  });

  it('goes on in the new file after rotation, and loses no line of the old one', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    writeFileSync(file, 'a\n');
    const rotate = (): void => {
      appendFileSync(file, 'b\n');
      renameSync(file, `${file}.1`);
      writeFileSync(file, 'c\n');
    };
    assert.equal(await follow(file, [rotate, () => appendFileSync(file, 'd\n')]), 'a\nb\nc\nd\n');
  });

  it('waits between the two steps of a rotation', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    writeFileSync(file, 'a\n');
    const steps = [() => renameSync(file, `${file}.1`), () => writeFileSync(file, 'b\n')];
    assert.equal(await follow(file, steps), 'a\nb\n');
  });

  it('begins with a file that comes later, and again with one that was cut', async (t) => {
    const file = path.join(tempDir(t), 'x.log');
    const cut = (): void => {
      truncateSync(file, 0);
      appendFileSync(file, 'b\n');
    };
    assert.equal(await follow(file, [() => writeFileSync(file, 'long line\n'), cut]), 'long line\nb\n');
  });
});
