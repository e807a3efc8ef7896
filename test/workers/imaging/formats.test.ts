import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sniff } from '../../../workers/imaging/formats.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const iso = (major: string, ...compatible: string[]): Buffer => {
  const box = bytes(`\0\0\0\0ftyp${major}\0\0\0\0${compatible.join('')}`);
  box.writeUInt32BE(box.length, 0);
  return box;
};

/** A TIFF of nothing but its first directory. */
function tiff(entries: readonly (readonly [tag: number, value: number])[], little: boolean): Buffer {
  const out = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  const u16 = (v: number, at: number): number => (little ? out.writeUInt16LE(v, at) : out.writeUInt16BE(v, at));
  const u32 = (v: number, at: number): number => (little ? out.writeUInt32LE(v, at) : out.writeUInt32BE(v, at));
  out.write(little ? 'II*\0' : 'MM\0*', 'latin1');
  u32(8, 4);
  u16(entries.length, 8);
  for (const [i, [tag, value]] of entries.entries()) {
    u16(tag, 10 + i * 12);
    u16(4, 12 + i * 12);
    u32(1, 14 + i * 12);
    u32(value, 18 + i * 12);
  }
  return out;
}

test('formats that are read are known by their first bytes', () => {
  const table: [Buffer, string][] = [
    [bytes('\xff\xd8\xff\xe0'), 'jpeg'],
    [bytes('\x89PNG\r\n\x1a\n'), 'png'],
    [bytes('GIF87a'), 'gif'],
    [bytes('GIF89a'), 'gif'],
    [bytes('RIFF\0\0\0\0WEBP'), 'webp'],
    [bytes('II*\0'), 'tiff'],
    [bytes('MM\0*'), 'tiff'],
    [bytes('II+\0'), 'tiff'],
    [tiff([[254, 0]], true), 'tiff'],
    [tiff([[254, 0]], false), 'tiff'],
    [iso('avif', 'mif1'), 'avif'],
    [iso('avis'), 'avif'],
    [iso('mif1', 'miaf', 'avif'), 'avif'],
  ];
  for (const [head, format] of table) assert.deepEqual(sniff(head), { known: format });
});

test('formats that are not read are named', () => {
  const table: [Buffer, string | null][] = [
    [bytes('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'SVG'],
    [bytes('\xef\xbb\xbf<?xml version="1.0"?>\n<svg/>'), 'SVG'],
    [bytes('<!-- hello --><svg/>'), 'SVG'],
    [bytes('%PDF-1.7'), 'PDF'],
    [bytes('BM\0\0'), 'BMP'],
    [iso('heic', 'mif1', 'heic'), 'HEIC'],
    [iso('mif1', 'heic'), 'HEIC'],
    [iso('isom', 'mp42'), 'ISO media'],
    [bytes('\xff\x0a\0'), 'JPEG XL'],
    [tiff([[254, 1]], true), 'camera raw'],
    [tiff([[50_706, 1]], false), 'camera raw'],
    [bytes('II*\0\x10\0\0\0CR\x02\0'), 'camera raw'],
    [bytes('RIFF\0\0\0\0WAVE'), null],
    [bytes('hello, this is text'), null],
    [bytes('\xff\xd8'), null],
    [Buffer.alloc(0), null],
    [Buffer.alloc(64), null],
  ];
  for (const [head, name] of table) assert.deepEqual(sniff(head), { refused: name });
});

test('a view into a larger buffer is read from its own start', () => {
  const padded = Buffer.concat([Buffer.alloc(3), tiff([[254, 1]], true), Buffer.alloc(5)]);
  assert.deepEqual(sniff(padded.subarray(3)), { refused: 'camera raw' });
});
