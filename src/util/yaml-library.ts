/** The YAML parser, read when something has to be parsed: that takes 25 ms, and most starts parse nothing. */
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

export const yamlLibrary = (): typeof Yaml => createRequire(import.meta.url)('yaml') as typeof Yaml;
