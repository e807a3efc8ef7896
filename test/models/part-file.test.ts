import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { claimPart } from '../../src/models/part-file.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** Above the largest pid that Linux gives (2²²). */
const DEAD_PID = 5_000_000;

test('every claim has a file of its own', async (t) => {
  const dir = tempDir(t);
  const a = await claimPart(dir, 'w.onnx');
  const b = await claimPart(dir, 'w.onnx');
  assert.notEqual(a.path, b.path);
  assert.deepEqual([a.resumedBytes, b.resumedBytes], [0, 0]);
});

test('what a dead process left is taken over: the largest, the others removed', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, `w.onnx.${DEAD_PID}.aa.part`), 'abc');
  writeFileSync(join(dir, `w.onnx.${DEAD_PID}.bb.part`), 'abcdef');
  const part = await claimPart(dir, 'w.onnx');
  assert.equal(part.resumedBytes, 6);
  assert.equal(readFileSync(part.path, 'utf8'), 'abcdef');
  assert.equal(readdirSync(dir).length, 1);
});

test('a part that is being written, here or by another process, is left alone', async (t) => {
  const dir = tempDir(t);
  const mine = await claimPart(dir, 'w.onnx');
  writeFileSync(mine.path, 'mine');
  writeFileSync(join(dir, `w.onnx.${process.ppid}.aa.part`), 'theirs');
  const second = await claimPart(dir, 'w.onnx');
  assert.equal(second.resumedBytes, 0);
  assert.equal(readdirSync(dir).length, 2);
  mine.release();
  assert.equal((await claimPart(dir, 'w.onnx')).resumedBytes, 4);
});

test('other files are no parts of this one', async (t) => {
  const dir = tempDir(t);
  for (const name of ['w.onnx', `other.onnx.${DEAD_PID}.aa.part`, 'verified.json']) writeFileSync(join(dir, name), 'x');
  assert.equal((await claimPart(dir, 'w.onnx')).resumedBytes, 0);
  assert.equal(readdirSync(dir).length, 3);
});

test('of two that want one orphan, one gets it', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, `w.onnx.${DEAD_PID}.aa.part`), 'abc');
  const parts = await Promise.all([claimPart(dir, 'w.onnx'), claimPart(dir, 'w.onnx')]);
  assert.deepEqual(
    parts.map((p) => p.resumedBytes).sort((a, b) => a - b),
    [0, 3],
  );
});
