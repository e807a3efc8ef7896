/** Entry of the `facepool` command. */
import process from 'node:process';

await import('../util/zod-setup.ts');
const [{ processIo }, { runCli }] = await Promise.all([import('./io.ts'), import('./run.ts')]);

// `facepool status | head -1`: a reader that has enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
const code = await runCli(process.argv.slice(2), processIo());
// A start that failed half-way may leave handles open; everything is written by now (pipes and files are synchronous).
if (code !== 0) process.exit(code);
// Otherwise no `process.exit`: after `facepool start` the server lives on.
process.exitCode ??= code;
