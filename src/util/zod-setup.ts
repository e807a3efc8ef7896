/**
 * Imported before any schema is made: zod generates no code for it. Most schemas here check one thing once, at the
 * start, where that took 24 of 230 ms of processor time.
 */
import { z } from 'zod';

z.config({ jitless: true });
