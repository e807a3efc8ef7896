#!/usr/bin/env node
/** The `facepool` command: installs what is missing and hands over to src/cli/main.ts on Node 24. */
import process from 'node:process';
import { launch } from '../scripts/launch.mjs';

await launch('src/cli/main.ts', process.argv.slice(2), { dev: false, here: true });
