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
import { stepBack } from './priority.ts';
import { RUNTIME } from './session.ts';

/** One at a time: a graph in memory twice is enough. */
let work: Promise<void> = Promise.resolve();

/** What a face model may take to be read and run once: so much, and so many times the bytes of its file. */
const MEMORY_BYTES = 2 * 1024 ** 3;
const MEMORY_TIMES_FILE = 12;
const MOST_MESSAGE_CHARS = 1000;

goFirst();
stepBack();

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

/** Errors of the file system hold paths, names in a model may be long, and memory is missing because the model wants too much. */
function told(error: unknown): unknown {
  const known = asStorageError(error);
  if (known instanceof FacepoolError) {
    const { code, param } = known;
    if (code === 'memory_exhausted')
      return failed(`${param ?? 'the model'} needs more memory than its size explains`, known);
    return known.message.length > MOST_MESSAGE_CHARS
      ? failed(`${known.message.slice(0, MOST_MESSAGE_CHARS)}…`, known)
      : known;
  }
  const code = fileErrorCode(known);
  return code === null ? known : failed(`the file cannot be read or written (${code})`, known);
}

function failed(detail: string, cause: unknown): FacepoolError {
  return new FacepoolError('model_failed', detail, {
    param: cause instanceof FacepoolError ? cause.param : undefined,
    cause,
  });
}
