import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PROJECT_DIR } from '../../config/paths.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { printJson, printLine } from '../io.ts';

const packageSchema = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

export const version: Command = {
  name: 'version',
  words: '',
  summary: 'the versions of facepool, Node and onnxruntime',
  options: {},
  async run(invocation) {
    takeWords('version', invocation.words, 0, 0, 'no word');
    const found = packageSchema.parse(JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')));
    const versions = {
      facepool: found.version,
      node: process.versions.node,
      onnxruntime: found.dependencies['onnxruntime-node'] ?? null,
    };
    if (invocation.flag('json')) printJson(invocation.io, versions);
    else {
      const { facepool, node, onnxruntime } = versions;
      printLine(invocation.io.stdout, `facepool ${facepool} (Node ${node}, onnxruntime ${onnxruntime ?? 'unknown'})`);
    }
    return EXIT.ok;
  },
};
