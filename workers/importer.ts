/** The importer: a short-lived child that makes uint8 graphs of float ones. Model files are untrusted input. */
import type { ToImporter } from '../src/contract/protocol.ts';
import { startChild } from './child.ts';
import { importGraph } from './onnx/import-graph.ts';
import { RUNTIME } from './session.ts';

/** One at a time: a graph in memory twice is enough. */
let work: Promise<void> = Promise.resolve();

startChild<ToImporter>({
  kind: 'importer',
  runtime: RUNTIME,
  onMessage(message, port) {
    if (message.type !== 'import') return;
    const { id, params } = message;
    work = work.then(async () => {
      port.begin(id);
      try {
        port.result(id, await importGraph(params));
      } catch (error) {
        port.fail(id, error, 'model_failed');
      }
    });
  },
  onStop: () => work,
});
