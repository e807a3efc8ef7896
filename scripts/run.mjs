/** `node scripts/run.mjs <file.ts> [args]`: runs one of the project's .ts files on Node 24, installing what is missing. */
import process from 'node:process';
import { launch } from './launch.mjs';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs <file.ts> [args]\n');
  process.exitCode = 2;
} else {
  await launch(file, args);
}
