/**
 * On a machine with few cores a run with two threads answers one client a fifth sooner, but costs 6 % more processor
 * time than a run with one: with many clients that is throughput. A session keeps the threads that it was made with, so
 * there are two of a graph, of which the second is opened when it is first wanted (5–16 MB, 10–30 ms). Both give the
 * same bits.
 */
import type { GraphSession } from './session.ts';

/** Runs feeds; `crowded`: others want the cores. */
export type GraphRunner = (
  feeds: Parameters<GraphSession['run']>[0],
  crowded: boolean,
) => ReturnType<GraphSession['run']>;

/**
 * `openTwin` null: there is only the one. Where the twin cannot be opened, `onFailure` is told once and the first runs
 * everything.
 */
export function twinned(
  session: GraphSession,
  openTwin: (() => Promise<GraphSession>) | null,
  onFailure: (error: unknown) => void,
): GraphRunner {
  let twin: Promise<GraphSession> | null = null;
  return async (feeds, crowded) => {
    if (!crowded || openTwin === null) return session.run(feeds);
    twin ??= openTwin().catch((error: unknown) => {
      onFailure(error);
      return session;
    });
    return (await twin).run(feeds);
  };
}
