/** From JPEG to detector input, in this process: the naive way, the recipe, and a full decode with a second resize. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { interleave } from '../lib/order.ts';
import { makePictures } from '../lib/pictures.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import { figure, ranged } from '../lib/table.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const FIT = 640;

async function naive(bytes: Buffer): Promise<unknown> {
  const pixels = await sharp(bytes).rotate().resize(FIT, FIT, { fit: 'contain' }).removeAlpha().raw().toBuffer();
  const plane = FIT * FIT;
  const tensor = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) tensor[c * plane + i] = pixels[i * 3 + 2 - c] ?? 0;
  }
  return tensor;
}

function recipe(bytes: Buffer): Promise<unknown> {
  return sharp(bytes, { autoOrient: true, ignoreIcc: true, failOn: 'error' })
    .resize(FIT, FIT, { fit: 'inside', kernel: 'linear' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
}

async function fullDecode(bytes: Buffer): Promise<unknown> {
  const { data, info } = await sharp(bytes, { autoOrient: true })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 3 } as const;
  return sharp(data, { raw }).resize(FIT, FIT, { fit: 'inside' }).raw().toBuffer();
}

const VARIANTS = [
  { name: 'naive', run: naive },
  { name: 'recipe', run: recipe },
  { name: 'full', run: fullDecode },
] as const;

type Name = (typeof VARIANTS)[number]['name'];
type Measured = { megapixels: number; rounds: Record<Name, number[][]> };

export async function decodeSuite(context: SuiteContext): Promise<SuiteResult> {
  const { options, scratch, say } = context;
  const rounds = options.rounds ?? (options.quick ? 3 : 10);
  const perRound = options.quick ? 3 : 8;
  sharp.cache(false);
  sharp.concurrency(1);
  const measured: Measured[] = [];
  for (const { name, path, megapixels } of await makePictures(scratch, [1, 3, 12])) {
    if (name !== 'face') continue;
    say(`decode, ${megapixels} megapixels`);
    const bytes = readFileSync(path);
    const result: Measured = { megapixels, rounds: { naive: [], recipe: [], full: [] } };
    for (const { run } of VARIANTS) await run(bytes);
    for (const turn of interleave(VARIANTS, rounds)) {
      for (const variant of turn) {
        const times: number[] = [];
        for (let i = 0; i < perRound; i++) {
          const began = performance.now();
          await variant.run(bytes);
          times.push(performance.now() - began);
        }
        result.rounds[variant.name].push(times);
      }
    }
    measured.push(result);
  }
  const cell = (times: number[][]): string =>
    `${figure(median(times.flat()))} / ${figure(percentile(times.flat(), 0.99))}`;
  return {
    title: 'Decode',
    note: `${rounds} rounds of ${perRound} pictures per variant, one after the other, one thread. naive: rotate, contain, float loop; recipe: shrink-on-load to fit 640 as uint8; full: full decode, then resize. Milliseconds, p50 / p99.`,
    tables: [
      {
        caption: 'JPEG → detector input',
        table: {
          head: ['megapixels', 'naive', 'recipe', 'full', 'naive ÷ recipe', 'full ÷ recipe'],
          rows: measured.map(({ megapixels, rounds: r }) => [
            String(megapixels),
            cell(r.naive),
            cell(r.recipe),
            cell(r.full),
            ranged(ratio(r.naive.map(median), r.recipe.map(median))),
            ranged(ratio(r.full.map(median), r.recipe.map(median))),
          ]),
        },
      },
    ],
    raw: measured,
  };
}
