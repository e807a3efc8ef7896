/**
 * The importer: a short-lived child that looks at model files and makes uint8 graphs of float ones. Model files are
 * untrusted input: no other process parses one that this one has not.
 */
import { stat } from 'node:fs/promises';
import { FacepoolError } from '../src/contract/errors.ts';
import type { ToImporter } from '../src/contract/protocol.ts';
import type { ImportResult, InspectResult } from '../src/contract/importer.ts';
import { asStorageError, fileErrorCode } from '../src/contract/storage-errors.ts';
import { startChild } from './child.ts';
import { goFirst, limitMemory } from './memory-limit.ts';
import { importGraph } from './onnx/import-graph.ts';
import { inspectVersion } from './onnx/inspect.ts';
import { RUNTIME } from './session.ts';

/** One at a time: a graph in memory twice is enough. */
let work: Promise<void> = Promise.resolve();

/** What a face model may take to be read and run once: so much, and so many times the bytes of its file. */
const MEMORY_BYTES = 2 * 1024 ** 3;
const MEMORY_TIMES_FILE = 12;

goFirst();

startChild<ToImporter>({
  kind: 'importer',
  runtime: RUNTIME,
  onMessage(message, port) {
    if (message.type !== 'import' && message.type !== 'inspect') return;
    work = work.then(async () => {
      port.begin(message.id);
      try {
        port.result(message.id, await run(message));
      } catch (error) {
        port.fail(message.id, told(error), 'model_failed');
      }
    });
  },
  onStop: () => work,
});

async function run(
  message: Extract<ToImporter, { type: 'import' | 'inspect' }>,
): Promise<ImportResult | InspectResult> {
  const sources = message.type === 'import' ? [message.params.source] : Object.values(message.params.sources);
  // A file that cannot be read is told where it is read.
  const sizes = await Promise.all(
    sources.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  limitMemory(MEMORY_BYTES + MEMORY_TIMES_FILE * Math.max(...sizes));
  return message.type === 'import' ? importGraph(message.params) : inspectVersion(message.params);
}

/** Errors of the file system hold paths; and memory is missing here because the model asks for too much. */
function told(error: unknown): unknown {
  const known = asStorageError(error);
  if (known instanceof FacepoolError && known.code === 'memory_exhausted') {
    return new FacepoolError(
      'model_failed',
      `the model needs more memory than one of its size should: ${known.message}`,
      {
        param: known.param,
        cause: error,
      },
    );
  }
  const code = fileErrorCode(known);
  if (known instanceof FacepoolError || code === null) return known;
  return new FacepoolError('model_failed', `the file cannot be read or written (${code})`, { cause: error });
}
