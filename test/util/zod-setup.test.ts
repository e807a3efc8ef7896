import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { promisify } from 'node:util';

const SETUP = new URL('../../src/util/zod-setup.ts', import.meta.url).href;

/** In a process of its own: there zod is read for the first time. */
const SCRIPT = `
await import(${JSON.stringify(SETUP)});
const z = await import('zod');
const wrong = z.strictObject({ a: z.int() }).safeParse({ a: 'x' });
const after = await import('data:text/javascript,export const said = "/zod/v4/locales/index.js"');
console.log(JSON.stringify({
  jitless: z.config().jitless,
  locales: Object.keys(z.locales),
  message: wrong.error.issues[0].message,
  after: after.said,
}));
`;

it('zod generates no code and speaks English; nothing of the other languages is read, and all else is as it is written', async () => {
  const run = promisify(execFile);
  const args = ['--input-type=module', '--eval', SCRIPT];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: new URL('.', import.meta.url) });
  assert.equal(stderr, '', 'people see no warning');
  assert.deepEqual(JSON.parse(stdout), {
    jitless: true,
    locales: ['en'],
    message: 'Invalid input: expected number, received string',
    after: '/zod/v4/locales/index.js',
  });
});
