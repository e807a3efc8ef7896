import assert from 'node:assert/strict';
import { it } from 'node:test';

it('zod generates no code and speaks English, and nothing of the other languages is read', async () => {
  await import('../../src/util/zod-setup.ts');
  const z = await import('zod');
  assert.equal(z.config().jitless, true);
  assert.deepEqual(Object.keys(z.locales), ['en']);
  const wrong = z.strictObject({ a: z.int() }).safeParse({ a: 'x' });
  assert.equal(wrong.error?.issues[0]?.message, 'Invalid input: expected number, received string');
});

it('what is read afterwards is as it is written', async () => {
  const url = `data:text/javascript,export const said = ${JSON.stringify('/zod/v4/locales/index.js')}`;
  const { said } = (await import(url)) as { said: string };
  assert.equal(said, '/zod/v4/locales/index.js');
});
