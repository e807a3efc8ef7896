/**
 * Imported before any schema is made, and before any module that imports zod is read: the rest of the program is imported
 * when this is done.
 *
 * zod generates no code: most schemas here check one thing once, at the start, where that took 24 of 230 ms of processor time.
 * And of the 51 languages of its messages only English is read: 23 ms more.
 */
import { registerHooks } from 'node:module';

const LOCALES = /\/zod\/v4\/locales\/index\.js$/;
const ENGLISH = "export { default as en } from './en.js';\n";

const hooks = registerHooks({
  load: (url, context, next) =>
    LOCALES.test(url) ? { format: 'module', source: ENGLISH, shortCircuit: true } : next(url, context),
});
const { z } = await import('zod');
hooks.deregister();

z.config({ jitless: true });
